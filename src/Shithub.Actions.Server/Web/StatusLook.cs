namespace Shithub.Actions.Server.Web;

/// <summary>How a state is shown: a name for people and the class of its colour and icon.</summary>
public readonly record struct StatusLook(string Name, string Kind)
{
    public static StatusLook Of(string status, string? conclusion) => conclusion switch
    {
        "success" => new("success", "good"),
        "failure" => new("failure", "bad"),
        "timed_out" => new("timed out", "bad"),
        "runner_lost" => new("runner lost", "bad"),
        "action_required" => new("action required", "held"),
        "cancelled" => new("cancelled", "off"),
        "skipped" => new("skipped", "off"),
        "neutral" => new("neutral", "off"),
        _ => status switch
        {
            "running" => new("running", "live"),
            "waiting" => new("waiting", "held"),
            _ => new("queued", "held"),
        },
    };
}
