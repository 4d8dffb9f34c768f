using System.Security.Cryptography;
using System.Text;
using Shithub.Actions.Protocol.LogScrubbing;
using Shithub.Actions.Server.Secrets;
using Shithub.Actions.Workflows;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Server.Queue;

/// <summary>Opens the secrets that a claimed job may read. Nowhere else does one come into the clear.</summary>
public sealed partial class ClaimSecrets(RootKey root, ILogger<ClaimSecrets> logger)
{
    /// <param name="token">What <c>secrets.GITHUB_TOKEN</c> is.</param>
    /// <param name="run">The contexts of the run; see <see cref="SecretResolution"/>.</param>
    public OpenedSecrets Open(ClaimedRow row, string token, Func<ExpressionValue> run)
    {
        if (row.SecretPlan is not { } plan || !EventTrust.GivesSecrets(row.Event, row.Trust))
            return OpenedSecrets.None;
        var masks = new HashSet<string>(StringComparer.Ordinal);
        var stored = new Dictionary<string, string>(StringComparer.Ordinal);
        var ofEnvironment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var secret in row.SealedSecrets)
        {
            if (Open(row, secret) is not { } value)
                continue;
            (secret.Environment is null ? stored : ofEnvironment)[secret.Name] = value;
            Mask(value, masks);
        }

        var resolved = SecretResolution.Resolve(plan, stored, ofEnvironment, token, run, row.WorkflowFile);
        foreach (var failure in resolved.Failures)
            LogNotResolved(row.Id, row.Attempt, failure.Message);
        foreach (var (name, value) in resolved.Values.Where(secret => secret.Value != token))
            Mask(value, masks);
        return new OpenedSecrets(resolved.Values, [.. masks], resolved.Tainted);
    }

    private string? Open(ClaimedRow row, SealedSecret secret)
    {
        var scope = new SecretScope(secret.OwnerId, secret.RepoId, secret.Environment);
        try
        {
            return Encoding.UTF8.GetString(Sealing.Open(root, scope.RowOf(secret.Name), secret.Sealed));
        }
        catch (CryptographicException)
        {
            // The root key was changed, or the row was: the job sees what it would without the secret, and the operator why.
            LogNotOpened(scope.RowOf(secret.Name), row.Id, row.Attempt);
            return null;
        }
    }

    /// <summary>The value, and each line of it that is long enough: tools print keys with other line ends or indentation.</summary>
    private static void Mask(string value, HashSet<string> masks)
    {
        // What a caller gives may be as short as 'yes'; a log without it would be no log.
        if (value.Trim().Length < MaskAutomaton.ShortestLine)
            return;
        masks.Add(value);
        masks.UnionWith(value.Split('\n').Select(line => line.Trim()).Where(line => line.Length >= MaskAutomaton.ShortestLine));
    }

    [LoggerMessage(
        EventId = 360, Level = LogLevel.Error, Message =
        "The secret {Row} does not open: it was sealed with another root key, or its row was changed. Job {JobId} (attempt {Attempt}) runs without it. Set it again.")]
    private partial void LogNotOpened(string row, long jobId, int attempt);

    [LoggerMessage(EventId = 361, Level = LogLevel.Warning, Message = "Job {JobId} (attempt {Attempt}): {Reason}.")]
    private partial void LogNotResolved(long jobId, int attempt, string reason);
}

/// <summary>What a claim carries.</summary>
/// <param name="Masks">All values that were opened, those that only callers read included, line by line.</param>
/// <param name="Tainted">Names of <paramref name="Values"/>.</param>
public sealed record OpenedSecrets(
    IReadOnlyDictionary<string, string> Values, IReadOnlyList<string> Masks, IReadOnlyList<string> Tainted)
{
    public static OpenedSecrets None { get; } = new(new Dictionary<string, string>(), [], []);
}
