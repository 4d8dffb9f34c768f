using Microsoft.Extensions.Logging;
using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Checkout;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Startup;

/// <summary>Makes sure before the first claim that checkouts have what they need.</summary>
internal static class CheckoutStartup
{
    /// <summary>A mirror that nobody has used for so many times <c>runner.workspace_ttl</c> goes.</summary>
    private const int UnusedTtls = 30;

    /// <exception cref="RunnerException">The settings can't be used.</exception>
    public static async Task<CheckoutHost> PrepareAsync(
        RunnerSettings settings, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var (runner, user) = (settings.Runner, UserIds.Parse(settings.Runner.GitUser));
        if (user.Uid == UserIds.Parse(settings.Engine.User).Uid)
        {
            throw new RunnerException(
                $"runner.git_user and engine.user are both {user.Uid}: steps must not be able to touch the mirrors. Give them different numbers.",
                ExitCodes.Usage);
        }

        try
        {
            var mirrors = new GitMirrors(
                new GitMirrorSettings(runner.MirrorRoot, user, runner.MirrorBytes, runner.WorkspaceTtl * UnusedTtls, runner.CheckoutBytes),
                time,
                loggers.CreateLogger<GitMirrors>());
            await mirrors.CheckAsync(cancellationToken);
            await mirrors.SweepAsync(cancellationToken);
            return new CheckoutHost(mirrors, runner.CheckoutBytes, runner.CheckoutFiles);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunnerException($"runner.mirror_root {runner.MirrorRoot} can't be used: {e.Message}", ExitCodes.Usage);
        }
    }

    /// <summary>For one run without a server: its limits are those of a runner without settings, and no mirror is kept.</summary>
    public static CheckoutHost Throwaway(string folder, ILoggerFactory loggers)
    {
        const long BytesMax = 20L * 1024 * 1024 * 1024;
        var settings = new GitMirrorSettings(
            Path.Combine(folder, "mirrors"), new UserIds(65533, 65533), 0, TimeSpan.Zero, BytesMax);
        return new CheckoutHost(new GitMirrors(settings, TimeProvider.System, loggers.CreateLogger<GitMirrors>()), BytesMax, 1_000_000);
    }
}
