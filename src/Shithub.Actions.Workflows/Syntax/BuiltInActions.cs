namespace Shithub.Actions.Workflows;

/// <summary>The actions that the runner has built in, and what to do about the others.</summary>
public static class BuiltInActions
{
    private static readonly string[] CheckoutNames =
        ["actions/checkout@v3", "actions/checkout@v4", "actions/checkout@v5", "shithub/checkout@v1"];

    private static readonly string[] LaterNames =
        ["actions/upload-artifact", "actions/download-artifact", "actions/cache", "actions/cache/restore", "actions/cache/save"];

    internal static IReadOnlyList<string> CheckoutInputs { get; } = ["ref", "fetch-depth", "path"];

    /// <summary>Inputs of GitHub's checkout that this one does not have yet.</summary>
    internal static IReadOnlyList<string> LaterCheckoutInputs { get; } =
    [
        "repository", "token", "ssh-key", "ssh-known-hosts", "ssh-strict", "ssh-user", "persist-credentials", "clean", "filter",
        "sparse-checkout", "sparse-checkout-cone-mode", "fetch-tags", "show-progress", "lfs", "submodules", "set-safe-directory",
        "github-server-url",
    ];

    /// <summary>Whether <paramref name="uses"/> is the checkout: <c>actions/checkout@v3</c> to <c>v5</c>, <c>shithub/checkout@v1</c>.</summary>
    public static bool IsCheckout(string uses) => CheckoutNames.Contains(uses, StringComparer.OrdinalIgnoreCase);

    /// <summary>Why <paramref name="uses"/> cannot run here and what to do instead; null if it can.</summary>
    internal static (string Message, string? Suggestion)? Refuse(string uses)
    {
        if (IsCheckout(uses))
            return null;
        var shown = Yaml.YamlReader.Show(uses);
        var name = uses.Split('@', 2)[0].ToLowerInvariant();
        if (uses.Contains("${{", StringComparison.Ordinal))
            return ("expressions are not allowed in 'uses'", "name the action outright");
        if (name.StartsWith("./", StringComparison.Ordinal))
            return ($"actions of the repository ('{shown}') are not supported yet", "move its commands into a 'run:' step");
        if (name.StartsWith("docker://", StringComparison.Ordinal))
            return ($"'{shown}' is not supported: an action cannot bring its own image", "use a runner that has the image as its own");
        if (name is "actions/checkout" or "shithub/checkout")
        {
            var version = name == "actions/checkout" ? "actions/checkout@v4" : "shithub/checkout@v1";
            return ($"this version of the checkout is not built in: '{shown}'", $"write '{version}'");
        }

        if (LaterNames.Contains(name))
            return ($"the action '{shown}' is not supported yet", null);
        if (name.StartsWith("actions/setup-", StringComparison.Ordinal))
        {
            var tool = name["actions/setup-".Length..];
            return (
                $"the action '{shown}' is not available here",
                $"use a runner image that has {Yaml.YamlReader.Show(tool)}, or install it in a 'run:' step");
        }

        var near = NearestName.Find(uses, CheckoutNames);
        return (
            $"the action '{shown}' is not available here: actions from other servers are never fetched",
            near is null ? "do the same in a 'run:' step" : $"did you mean '{near}'?");
    }
}
