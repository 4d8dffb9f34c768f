using System.Diagnostics;
using System.Globalization;
using System.Text;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Bench;

/// <summary>
/// How long it takes to read a workflow file as large as one may be, once a server has read a few, and the files that are worst for the
/// reader. No server, no database: the language is a function of bytes.
/// </summary>
internal static class ParseBenchmark
{
    private const int Rounds = 200;
    private const int WarmUp = 400;

    /// <summary>Of a file as people write it, and of the worst that there is: milliseconds.</summary>
    private const int Limit = 5;
    private const int WorstLimit = 1000;
    private const string Job = "jobs: {a: {runs-on: x, steps: [{run: x}]}}";

    public static Table Run()
    {
        Bench.Run.Say("reading workflow files");
        (string Name, string Yaml, int Limit)[] files =
        [
            ("64 KiB as people write it: jobs with matrix, services, conditions and scripts", Typical(), Limit),
            ("the same with an anchor in it, so that YamlDotNet reads it", Typical().Replace("CI: true", "CI: &ci true", StringComparison.Ordinal), Limit),
            ("64 KiB of mistakes, each with a suggestion", Mistakes(), WorstLimit),
            ("aliases that would expand to 10⁶⁰ nodes", AliasBomb(), WorstLimit),
            ("10,000 levels of '['", "on: " + new string('[', 10_000), WorstLimit),
            ("a key of 64 KB", new string('k', 65_000) + ": x", WorstLimit),
            ("a matrix of 256 × 256", Matrix(), WorstLimit),
            ("900 jobs that need each other in a circle", Circle(), WorstLimit),
            ("4,000 expressions in one script", Expressions(), WorstLimit),
            ("50 levels of expression, 1,000 times", Deep(), WorstLimit),
        ];
        return new Table(
            "Reading a workflow file, warm: milliseconds and KiB allocated", ["file", "bytes", "median ms", "p95 ms", "worst ms", "limit ms", "KiB"],
            [.. files.Select(file => Measure(file.Name, Encoding.UTF8.GetBytes(file.Yaml), file.Limit))]);
    }

    private static IReadOnlyList<string> Measure(string name, byte[] file, int limit)
    {
        for (var i = 0; i < WarmUp; i++)
            WorkflowReader.Parse("ci.yml", file);
        var times = new double[Rounds];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++)
        {
            var start = Stopwatch.GetTimestamp();
            WorkflowReader.Parse("ci.yml", file);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        var allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds / 1024.0;
        Array.Sort(times);
        return
        [
            name, Table.Number(file.Length), Table.Number(times[Rounds / 2], 2), Table.Number(times[Rounds * 95 / 100], 2),
            Table.Number(times[^1], 2), Table.Number(limit), Table.Number(allocated),
        ];
    }

    private static string Typical()
    {
        var yaml = new StringBuilder("name: CI\non: {push: {branches: [main, 'release/**']}, pull_request: }\nenv: {CI: true}\njobs:\n");
        for (var i = 0; yaml.Length < 64_000; i++)
        {
            yaml.Append($$$"""
                  job{{{i}}}:
                    name: Test ${{ matrix.os }} with ${{ matrix.version }}
                    needs: [{{{(i == 0 ? "" : $"job{i - 1}")}}}]
                    if: github.event_name != 'pull_request' || contains(github.event.pull_request.labels.*.name, 'ci')
                    runs-on: [self-hosted, "${{ matrix.os }}"]
                    timeout-minutes: 30
                    strategy:
                      fail-fast: false
                      matrix:
                        os: [linux, arm]
                        version: ['3.11', '3.12', '3.13']
                        exclude: [{os: arm, version: '3.11'}]
                    services:
                      postgres:
                        image: postgres:16
                        env: {POSTGRES_PASSWORD: postgres}
                        ports: ['5432:5432']
                        options: --health-cmd pg_isready --health-interval 10s
                    steps:
                      - uses: actions/checkout@v4
                        with: {fetch-depth: 0}
                      - uses: actions/cache@v4
                        with:
                          path: ~/.cache
                          key: ${{ runner.os }}-${{ hashFiles('**/lock.json') }}
                      - name: Test
                        run: |
                          set -euxo pipefail
                          make configure VERSION='${{ matrix.version }}'
                          make -j"$(nproc)" test 2>&1 | tee test.log
                        env:
                          DATABASE_URL: postgres://postgres:postgres@postgres/test
                          TOKEN: ${{ secrets.TOKEN }}
                      - if: failure()
                        uses: actions/upload-artifact@v4
                        with: {name: 'log-${{ matrix.os }}', path: test.log}

                """.Replace("needs: []", "permissions: read-all", StringComparison.Ordinal));
        }

        return yaml.ToString();
    }

    private static string Mistakes() =>
        "on: push\njobs:\n" + string.Concat(Enumerable.Range(0, 800).Select(i => $" job{i}: {{run_on: linux, stepz: [{{runn: make}}], need: job{i + 1}}}\n"));

    private static string AliasBomb()
    {
        var bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 60; i++)
            bomb.Append(CultureInfo.InvariantCulture, $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        return bomb.ToString();
    }

    private static string Matrix()
    {
        var axis = string.Join(",", Enumerable.Range(0, 256));
        return $"on: push\njobs: {{a: {{runs-on: x, strategy: {{matrix: {{a: [{axis}], b: [{axis}]}}}}, steps: [{{run: x}}]}}}}";
    }

    private static string Circle() =>
        "on: push\njobs:\n" + string.Concat(Enumerable.Range(0, 900).Select(i => $" j{i}: {{needs: j{(i + 1) % 900}, runs-on: x, steps: [{{run: x}}]}}\n"));

    private static string Expressions() =>
        "on: push\nenv: {A: '" + string.Concat(Enumerable.Repeat("${{ github.a }} ", 4_000)) + "'}\n" + Job;

    private static string Deep() =>
        "on: push\nenv: {A: '" + string.Concat(Enumerable.Repeat("${{" + new string('!', 49) + "1}}", 1_000)) + "'}\n" + Job;
}
