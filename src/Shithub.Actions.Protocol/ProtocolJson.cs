using System.Text.Json.Serialization;

namespace Shithub.Actions.Protocol;

/// <summary>The JSON dialect of the protocol: snake_case names, nulls left out, unknown members ignored so that additions stay harmless.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HeartbeatRequest))]
[JsonSerializable(typeof(HeartbeatResponse))]
[JsonSerializable(typeof(RegisterRunnerRequest))]
[JsonSerializable(typeof(RegisterRunnerResponse))]
[JsonSerializable(typeof(RenewLeasesRequest))]
[JsonSerializable(typeof(RenewLeasesResponse))]
[JsonSerializable(typeof(AppendLogRequest))]
[JsonSerializable(typeof(AppendLogResponse))]
[JsonSerializable(typeof(StatusRequest))]
[JsonSerializable(typeof(StepAnnotation))]
[JsonSerializable(typeof(JobImage))]
[JsonSerializable(typeof(StatusResponse))]
[JsonSerializable(typeof(CancelCheckRequest))]
[JsonSerializable(typeof(CancelCheckResponse))]
[JsonSerializable(typeof(Problem))]
public sealed partial class ProtocolJson : JsonSerializerContext;
