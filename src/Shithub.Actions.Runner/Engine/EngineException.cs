using System.Net;

namespace Shithub.Actions.Runner.Engine;

/// <summary>The container engine refused a call, or could not be reached.</summary>
/// <param name="status">Absent where no answer came.</param>
internal sealed class EngineException(string message, HttpStatusCode? status = null, Exception? inner = null)
    : Exception(message, inner)
{
    public HttpStatusCode? Status { get; } = status;
}
