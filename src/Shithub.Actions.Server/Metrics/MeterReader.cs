using System.Diagnostics.Metrics;

namespace Shithub.Actions.Server.Metrics;

/// <summary>Adds up what <see cref="ServerMetrics"/> counts, from the moment it is made.</summary>
public sealed class MeterReader : IDisposable
{
    /// <summary>More series than this of one instrument are not kept: a label that takes any value would fill the memory.</summary>
    private const int SeriesMax = 1000;

    /// <summary>Seconds. A claim takes milliseconds while a runner waits, and as long as the queue is where none does.</summary>
    private static readonly double[] Bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

    private readonly MeterListener _listener = new();
    private readonly Dictionary<Instrument, Dictionary<string, Series>> _instruments = [];
    private readonly Lock _lock = new();

    public MeterReader(ServerMetrics metrics)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter != metrics.Meter)
                return;
            lock (_lock)
            {
                // A histogram can't be told 0, so its series is there by itself.
                _instruments[instrument] = instrument is Histogram<double> ? new() { [""] = new Series() } : [];
            }

            listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
        metrics.DeclareSeries();
    }

    public void Write(PrometheusText text)
    {
        lock (_lock)
        {
            foreach (var (instrument, series) in _instruments.OrderBy(pair => pair.Key.Name, StringComparer.Ordinal))
            {
                var help = instrument.Description ?? "";
                if (instrument is Histogram<double>)
                {
                    text.Family(instrument.Name, "histogram", help);
                    foreach (var (labels, values) in series)
                        text.Histogram(instrument.Name, labels, Bounds, values.Buckets, values.Sum, values.Count);
                }
                else
                {
                    var name = instrument.Name + "_total";
                    text.Family(name, "counter", help);
                    foreach (var (labels, values) in series)
                        text.Sample(name, labels, values.Sum);
                }
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = PrometheusText.Labels(tags);
        lock (_lock)
        {
            var all = _instruments[instrument];
            if (!all.TryGetValue(labels, out var series))
            {
                if (all.Count >= SeriesMax)
                    return;
                all[labels] = series = new Series();
            }

            series.Sum += value;
            series.Count++;
            var bucket = Array.FindIndex(Bounds, bound => value <= bound);
            series.Buckets[bucket < 0 ? Bounds.Length : bucket]++;
        }
    }

    private sealed class Series
    {
        public double Sum { get; set; }

        public long Count { get; set; }

        /// <summary>How many values fell into each, the last for those above all bounds. Not cumulative.</summary>
        public long[] Buckets { get; } = new long[Bounds.Length + 1];
    }
}
