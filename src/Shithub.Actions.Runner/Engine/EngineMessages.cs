using System.Text.Json.Serialization;

namespace Shithub.Actions.Runner.Engine;

// The part of the Docker Engine API (1.41) that a job needs, named as the API names it. Podman's compatible API takes the same.

internal sealed record CreateContainerRequest(
    string Image,
    string User,
    string WorkingDir,
    IReadOnlyList<string> Entrypoint,
    IReadOnlyList<string> Cmd,
    IReadOnlyList<string> Env,
    IReadOnlyDictionary<string, string> Labels,
    int StopTimeout,
    ContainerHostConfig HostConfig);

/// <param name="Memory">Bytes; <paramref name="MemorySwap"/> counts memory and swap together, so the same number means no swap.</param>
/// <param name="NanoCpus">Billionths of a CPU.</param>
internal sealed record ContainerHostConfig(
    string NetworkMode,
    IReadOnlyList<string> Binds,
    IReadOnlyDictionary<string, string> Tmpfs,
    IReadOnlyList<string> Dns,
    IReadOnlyList<string> CapDrop,
    IReadOnlyList<string> SecurityOpt,
    bool ReadonlyRootfs,
    bool Privileged,
    long Memory,
    long MemorySwap,
    long NanoCpus,
    long PidsLimit);

internal sealed record CreatedResource(string Id);

internal sealed record ContainerSummary(string Id, IReadOnlyList<string>? Names, IReadOnlyDictionary<string, string>? Labels);

internal sealed record CreateExecRequest(
    IReadOnlyList<string> Cmd,
    IReadOnlyList<string> Env,
    string WorkingDir,
    string User,
    bool AttachStdout = true,
    bool AttachStderr = true,
    bool Tty = false);

internal sealed record StartExecRequest(bool Detach = false, bool Tty = false);

internal sealed record ExecState(bool Running, int? ExitCode);

internal sealed record WaitResult(int StatusCode);

internal sealed record VersionAnswer(string? Version, string? ApiVersion, IReadOnlyList<VersionComponent>? Components);

internal sealed record VersionComponent(string? Name, string? Version);

internal sealed record CreateNetworkRequest(string Name, string Driver, bool CheckDuplicate, IReadOnlyDictionary<string, string> Labels);

/// <summary>Podman's own call: only there can the network's name server be left out, so that port 53 of the bridge stays free.</summary>
internal sealed record CreatePodmanNetworkRequest(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("driver")] string Driver,
    [property: JsonPropertyName("dns_enabled")] bool DnsEnabled,
    [property: JsonPropertyName("labels")] IReadOnlyDictionary<string, string> Labels);

internal sealed record PullProgress([property: JsonPropertyName("error")] string? Error);

internal sealed record EngineError(
    [property: JsonPropertyName("message")] string? Message,
    [property: JsonPropertyName("cause")] string? Cause);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CreateContainerRequest))]
[JsonSerializable(typeof(CreatedResource))]
[JsonSerializable(typeof(IReadOnlyList<ContainerSummary>))]
[JsonSerializable(typeof(CreateExecRequest))]
[JsonSerializable(typeof(StartExecRequest))]
[JsonSerializable(typeof(ExecState))]
[JsonSerializable(typeof(WaitResult))]
[JsonSerializable(typeof(VersionAnswer))]
[JsonSerializable(typeof(CreateNetworkRequest))]
[JsonSerializable(typeof(CreatePodmanNetworkRequest))]
[JsonSerializable(typeof(PullProgress))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(EngineError))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, IReadOnlyList<string>>))]
internal sealed partial class EngineJson : JsonSerializerContext;
