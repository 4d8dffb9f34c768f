// Jobs per second of graphile-worker, each taken and completed in transactions of its own (its default): the last line is the rate.
// node run.mjs <connection string> <jobs> <concurrency>
import { makeWorkerUtils, run, Logger } from "graphile-worker";

const [connectionString, jobs, concurrency] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();
await utils.withPgClient((client) =>
  client.query("select graphile_worker.add_job('nothing', json_build_object('n', n)) from generate_series(1, $1::int) n", [jobs]));
await utils.withPgClient((client) => client.query("vacuum analyze"));
let left = jobs;
let ended;
const end = new Promise((resolve) => { ended = resolve; });
const started = process.hrtime.bigint();
const runner = await run({
  connectionString, concurrency, logger, noHandleSignals: true, pollInterval: 2000, maxPoolSize: concurrency + 2,
  taskList: { nothing: async () => { if (--left === 0) ended(); } },
});
await end;
// The last completions are stored when the runner has stopped.
await runner.stop();
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
await utils.release();
console.log(JSON.stringify({ jobs, concurrency, seconds, per_second: jobs / seconds }));
