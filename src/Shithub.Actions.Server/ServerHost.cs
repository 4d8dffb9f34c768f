using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.HttpOverrides;
using Shithub.Actions.Configuration;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Environments;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Jobs;
using Shithub.Actions.Server.Metrics;
using Shithub.Actions.Server.PullRequests;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Repositories.Lfs;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Secrets;
using Shithub.Actions.Server.Triggers;
using Shithub.Actions.Server.Web;

namespace Shithub.Actions.Server;

/// <summary>Composes the server: every capability's services and endpoints. <c>serve</c>, <c>dev</c> and the tests build it here.</summary>
public static class ServerHost
{
    /// <param name="time">For rules and waits; null is the system's. Leases go by the database's clock whatever this says.</param>
    public static WebApplication Build(ServerSettings settings, TimeProvider? time = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
        });
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // Whoever starts the host says where it listens, and in one line why it could not.
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Endpoints bound their bodies themselves: a push may be larger than any JSON.
            kestrel.Limits.MaxRequestBodySize = null;
            foreach (var address in settings.Server.Listen)
            {
                if (address.UnixPath is { } path)
                    kestrel.ListenUnixSocket(path);
                else if (address.Host == "*")
                    kestrel.ListenAnyIP(address.Port);
                else if (IPAddress.TryParse(address.Host, out var ip))
                    kestrel.Listen(ip, address.Port);
                else
                    kestrel.ListenLocalhost(address.Port);
            }
        });
        // A request goes on in the thread that received it, and its answer is sent by the one that made it: two changes of thread less for
        // each. What blocks keeps waiting nobody but its own connection: other sockets' events have another thread at once.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = settings.Server.ShutdownGrace);
        AddServices(builder.Services, settings);
        if (time is not null)
            builder.Services.AddSingleton(time);

        var app = builder.Build();
        UseTrustedProxies(app, settings.Server.TrustedProxies);
        MapEndpoints(app);
        return app;
    }

    /// <summary>What commands need too, without a web server around it.</summary>
    public static void AddServices(IServiceCollection services, ServerSettings settings)
    {
        services.AddSingleton(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => DatabaseConnection.Open(settings.Database));
        // Each kind has connections of its own: PostgreSQL's process for a connection is then warm for what it does.
        services.AddKeyedSingleton(DatabaseConnection.Claims, (_, _) => DatabaseConnection.OpenForBatches(settings.Database, 1));
        services.AddKeyedSingleton(DatabaseConnection.Ends, (_, _) => DatabaseConnection.OpenForBatches(settings.Database, 2));
        services.AddKeyedSingleton(DatabaseConnection.Appends, (_, _) => DatabaseConnection.OpenForBatches(settings.Database, 8));
        services.AddSingleton<Migrator>();
        services.AddSingleton<Notifications>();
        services.AddHostedService(provider => provider.GetRequiredService<Notifications>());
        services.AddSingleton<IMemoryPoolFactory<byte>, ReceiveBuffers>();
        services.AddMetricsPage();
        services.AddSingleton(_ => new RootKey(settings.Auth.RequireTotpKey, settings.Auth.PreviousTotpKeyBytes));
        services.AddSingleton(new PublicUrl(settings.Server.BaseUrl.ToString().TrimEnd('/')));
        services.AddProblemDetails(options => options.CustomizeProblemDetails = context => Problems.Explain(context.HttpContext, context.ProblemDetails));
        services.AddOpenApi("v1");
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ProtocolJson.Default);
        });
        services.AddAudit();
        services.AddSecrets();
        services.AddAccess();
        services.AddRepositories();
        services.AddPullRequests();
        services.AddJobs(settings);
        services.AddQueue(settings);
        services.AddRuns();
        services.AddEnvironments();
        services.AddTriggers();
        services.AddWebPages();
    }

    /// <summary>From the last hop backwards, as far as the hops are trusted.</summary>
    private static void UseTrustedProxies(WebApplication app, IReadOnlyList<System.Net.IPNetwork> proxies)
    {
        if (proxies.Count == 0)
            return;
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
            options.KnownIPNetworks.Add(proxy);
        app.UseForwardedHeaders(options);
    }

    private static void MapEndpoints(WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            AllowStatusCode404Response = true,
            ExceptionHandler = ServerErrors.AnswerAsync,
            // Of a body that is cut short or malformed its sender is told; to the operator's log it is nothing that failed here.
            SuppressDiagnosticsCallback = handled => handled.Exception is BadHttpRequestException,
        });
        // What the framework refuses by itself (an unknown address, a wrong method or content type) is a problem document too.
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/api"), api => api.UseStatusCodePages());
        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapHealthEndpoints();
        app.MapMetricsPage();
        app.MapHeartbeatEndpoint();
        app.MapLeasesEndpoint();
        app.MapRegistrationEndpoint();
        app.MapJobEndpoints();
        app.MapRunEndpoints();
        app.MapDispatchEndpoint();
        app.MapRepositoryEndpoints();
        app.MapForkEndpoint();
        app.MapPullRequestEndpoints();
        app.MapApprovalEndpoint();
        app.MapEnvironmentEndpoints();
        app.MapRepositoryDispatchEndpoint();
        app.MapSecretEndpoints();
        app.MapAuditEndpoints();
        app.MapPolicyEndpoints();
        app.MapExplainEndpoint();
        app.MapGitEndpoints();
        app.MapLfsEndpoints();
        app.MapWebPages();
    }
}
