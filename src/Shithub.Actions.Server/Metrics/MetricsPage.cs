using Shithub.Actions.Configuration;

namespace Shithub.Actions.Server.Metrics;

/// <summary><c>GET /metrics</c>: what <c>Metrics/README.md</c> lists, for Prometheus.</summary>
public static class MetricsPage
{
    public static IServiceCollection AddMetricsPage(this IServiceCollection services) => services
        .AddSingleton<ServerMetrics>()
        .AddSingleton<MeterReader>()
        .AddSingleton<PoolState>();

    /// <summary>Also begins to listen, so it comes before the server takes calls. With <c>metrics.enabled = false</c> there is no page.</summary>
    public static void MapMetricsPage(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<ServerSettings>().Metrics.Enabled)
            return;
        app.Services.GetRequiredService<MeterReader>();
        app.MapGet("/metrics", GetAsync).ExcludeFromDescription();
    }

    private static async Task<IResult> GetAsync(MeterReader counted, PoolState pool, CancellationToken cancellation)
    {
        var text = new PrometheusText();
        var numbers = await pool.ReadAsync(cancellation);
        // A database that is away is itself worth an alert, and what this process counted stays readable.
        text.Alone("shithub_actions_database_up", "gauge", "1 while the database answers.", numbers is null ? 0 : 1);
        numbers?.Write(text);
        counted.Write(text);
        ProcessState.Write(text);
        return TypedResults.Text(text.ToString(), PrometheusText.ContentType);
    }
}
