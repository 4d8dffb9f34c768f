using System.Text.Json.Nodes;

namespace Shithub.Actions.Workflows;

/// <summary>What expressions of a run see.</summary>
/// <param name="GitHub">
/// The context <c>shithub</c> (alias <c>github</c>): <c>sha</c>, <c>ref</c>, <c>ref_name</c>, <c>repository</c>, <c>actor</c>,
/// <c>event_name</c>, <c>event</c> (the payload) and so on. <c>workflow</c> and <c>job</c> are filled in where they are absent.
/// </param>
/// <param name="Vars">The context <c>vars</c>.</param>
/// <param name="Inputs">The context <c>inputs</c>, typed: <see cref="DispatchInputsResult.Values"/>.</param>
public sealed record PlanContext(
    JsonObject GitHub, IReadOnlyDictionary<string, string> Vars, IReadOnlyDictionary<string, JsonNode?> Inputs);
