using Microsoft.Extensions.Logging;
using Shithub.Actions.Runner.Checkout;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Warm;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>What all jobs of this runner share, wherever they come from.</summary>
/// <param name="Name">As jobs see it.</param>
/// <param name="Network">Keeps the fence of the network; null where there is none to keep.</param>
/// <param name="Workspaces">Null: without limits.</param>
/// <param name="Warm">Containers that wait for jobs; null: none do.</param>
/// <param name="WorkspaceRoot">The folder of all workspaces; also the runner's identity on this host.</param>
internal sealed record RunnerContext(
    string Name,
    string WorkspaceRoot,
    EngineClient Engine,
    EngineVersion EngineVersion,
    ContainerSpec Spec,
    CheckoutHost Checkout,
    TimeProvider Time,
    ILoggerFactory Loggers,
    NetworkGuard? Network = null,
    WorkspaceLimits? Workspaces = null,
    WarmSlots? Warm = null);
