using System.Text;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Logs;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Dev;

/// <summary>Prints a run's logs as they arrive, until it has ended.</summary>
public sealed class FollowRun(ReadRuns runs, ReadLog logs, Notifications notifications)
{
    /// <returns>The run at its end.</returns>
    public async Task<RunRow> ToEndAsync(long runId, TextWriter output, CancellationToken cancellation)
    {
        var printed = new Dictionary<(long Job, int Attempt, long? Step), StepOutput>();
        using var watch = notifications.Subscribe(Topic.Run, runId);
        while (true)
        {
            var news = watch.Next;
            // The state is read before the logs: when it says 'ended', all that was logged is there to be read.
            var run = await runs.FindAsync(runId, cancellation) ?? throw new DevException("The run is gone.");
            foreach (var job in await runs.JobsAsync(runId, cancellation))
            {
                await PrintAsync(job, null, "Set up job", printed, output, cancellation);
                foreach (var step in job.Steps)
                    await PrintAsync(job, step.Id, step.Name, printed, output, cancellation);
            }

            if (run.Conclusion is not null)
            {
                foreach (var rest in printed.Values)
                    rest.Finish(output);
                return run;
            }

            await Task.WhenAny(news, Task.Delay(TimeSpan.FromSeconds(1), cancellation));
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private async Task PrintAsync(
        JobRow job, long? stepId, string name, Dictionary<(long, int, long?), StepOutput> printed, TextWriter output,
        CancellationToken cancellation)
    {
        var key = (job.Id, job.Attempt, stepId);
        if (!printed.TryGetValue(key, out var step))
            printed[key] = step = new StepOutput($"{job.JobName} / {name}");
        await foreach (var chunk in logs.ReadAsync(job.Id, job.Attempt, stepId, step.LastSeq, cancellation))
            step.Write(chunk, output);
    }

    /// <summary>One step's output, printed line by line whatever the chunks were.</summary>
    private sealed class StepOutput(string name)
    {
        private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
        private readonly StringBuilder _line = new();

        public int LastSeq { get; private set; } = -1;

        public void Write(LogChunk chunk, TextWriter output)
        {
            LastSeq = chunk.Seq;
            var characters = new char[_decoder.GetCharCount(chunk.Bytes, flush: false)];
            _decoder.GetChars(chunk.Bytes, characters, flush: false);
            foreach (var c in characters)
            {
                if (c == '\n')
                    Finish(output);
                else
                    _line.Append(c);
            }
        }

        public void Finish(TextWriter output)
        {
            if (_line.Length == 0)
                return;
            output.WriteLine($"  {name} | {_line}");
            _line.Clear();
        }
    }
}
