using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace Shithub.Actions.Server.Metrics;

/// <summary>What this process uses, under the names that Prometheus' own clients use.</summary>
public static class ProcessState
{
    public static void Write(PrometheusText text)
    {
        using var process = Process.GetCurrentProcess();
        text.Alone("process_cpu_seconds_total", "counter", "CPU time used.", process.TotalProcessorTime.TotalSeconds);
        text.Alone("process_resident_memory_bytes", "gauge", "Memory in use.", process.WorkingSet64);
        text.Alone(
            "process_start_time_seconds", "gauge", "When the process began, in seconds since 1970.",
            new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0);
        if (Directory.Exists("/proc/self/fd"))
        {
            text.Alone(
                "process_open_fds", "gauge", "Files and sockets that are open.", Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        }

        text.Alone("dotnet_gc_heap_bytes", "gauge", "Managed heap after the last collection.", GC.GetGCMemoryInfo().HeapSizeBytes);
        text.Family("dotnet_gc_collections_total", "counter", "Collections by generation.");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            text.Sample(
                "dotnet_gc_collections_total", PrometheusText.Label("generation", generation.ToString(CultureInfo.InvariantCulture)),
                GC.CollectionCount(generation));
        }

        text.Alone("dotnet_threadpool_threads", "gauge", "Threads of the pool.", ThreadPool.ThreadCount);
        text.Alone("dotnet_threadpool_queue_length", "gauge", "Work that waits for a thread.", ThreadPool.PendingWorkItemCount);
        text.Family("shithub_build_info", "gauge", "Always 1; the label is the version.");
        var version = typeof(ProcessState).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        text.Sample("shithub_build_info", PrometheusText.Label("version", version), 1);
    }
}
