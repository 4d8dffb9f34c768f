using System.Text.Json;
using System.Text.Json.Serialization;

namespace Shithub.Actions.Runner.Engine;

// The part of the Docker Engine API (1.41) that a job needs, named as the API names it. Podman's compatible API takes the same.

/// <summary>What is null is as the image has it.</summary>
internal sealed record CreateContainerRequest(
    string Image,
    string? User,
    string? WorkingDir,
    IReadOnlyList<string>? Entrypoint,
    IReadOnlyList<string>? Cmd,
    IReadOnlyList<string> Env,
    IReadOnlyDictionary<string, string> Labels,
    int StopTimeout,
    ContainerHostConfig HostConfig,
    ContainerHealthcheck? Healthcheck = null);

internal sealed record ContainerHealthcheck(IReadOnlyList<string> Test);

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
    long PidsLimit,
    IReadOnlyList<string>? CapAdd = null,
    IReadOnlyList<string>? ExtraHosts = null);

internal sealed record CreatedResource(string Id);

internal sealed record ContainerSummary(string Id, IReadOnlyList<string>? Names, IReadOnlyDictionary<string, string>? Labels);

internal sealed record CreateExecRequest(
    IReadOnlyList<string> Cmd,
    IReadOnlyList<string> Env,
    string? WorkingDir,
    string? User,
    bool AttachStdout = true,
    bool AttachStderr = true,
    bool Tty = false);

internal sealed record StartExecRequest(bool Detach = false, bool Tty = false);

internal sealed record ExecState(bool Running, int? ExitCode);

internal sealed record WaitResult(int StatusCode);

internal sealed record VersionAnswer(string? Version, string? ApiVersion, IReadOnlyList<VersionComponent>? Components);

internal sealed record VersionComponent(string? Name, string? Version);

internal sealed record CreateNetworkRequest(string Name, string Driver, bool CheckDuplicate, IReadOnlyDictionary<string, string> Labels)
{
    public IReadOnlyDictionary<string, string>? Options { get; init; }

    [JsonPropertyName("IPAM")]
    public DockerIpam? Ipam { get; init; }
}

internal sealed record DockerIpam(IReadOnlyList<DockerSubnet> Config);

internal sealed record DockerSubnet(string Subnet, string Gateway);

/// <summary>Podman's own call: only there can the network's name server be left out, so that port 53 of the bridge stays free.</summary>
internal sealed record CreatePodmanNetworkRequest(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("driver")] string Driver,
    [property: JsonPropertyName("dns_enabled")] bool DnsEnabled,
    [property: JsonPropertyName("labels")] IReadOnlyDictionary<string, string> Labels)
{
    [JsonPropertyName("network_interface")]
    public string? Interface { get; init; }

    [JsonPropertyName("subnets")]
    public IReadOnlyList<PodmanSubnet>? Subnets { get; init; }
}

internal sealed record PodmanSubnet([property: JsonPropertyName("subnet")] string Subnet, [property: JsonPropertyName("gateway")] string Gateway);

/// <param name="Id">A layer's, or the tag's.</param>
internal sealed record PullProgress(
    [property: JsonPropertyName("error")] string? Error,
    [property: JsonPropertyName("status")] string? Status,
    [property: JsonPropertyName("id")] string? Id);

internal sealed record RegistryAuth(
    [property: JsonPropertyName("username")] string Username,
    [property: JsonPropertyName("password")] string Password,
    [property: JsonPropertyName("serveraddress")] string ServerAddress);

/// <param name="RepoDigests"><c>name@sha256:…</c>, of each registry that has it.</param>
internal sealed record ImageAnswer(string Id, IReadOnlyList<string>? RepoDigests, ImageConfig? Config);

/// <param name="Volumes">Paths; the values are empty.</param>
internal sealed record ImageConfig(
    IReadOnlyDictionary<string, JsonElement>? Volumes, IReadOnlyDictionary<string, JsonElement>? ExposedPorts, ImageHealthcheck? Healthcheck);

/// <summary>Times in nanoseconds; 0 and null are the default.</summary>
internal sealed record ImageHealthcheck(IReadOnlyList<string>? Test, long? Interval, long? Timeout, long? StartPeriod, int? Retries);

/// <param name="Image">Its id.</param>
internal sealed record ContainerAnswer(ContainerState State, ContainerNetworks? NetworkSettings, string? Image = null);

internal sealed record ContainerNetworks(IReadOnlyDictionary<string, ContainerEndpoint>? Networks);

internal sealed record ContainerEndpoint([property: JsonPropertyName("IPAddress")] string? IPAddress);

/// <param name="Pid">On the host; 0 once it has stopped.</param>
internal sealed record ContainerState(bool Running, int ExitCode, int Pid);

/// <param name="Options">May name the bridge.</param>
internal sealed record DockerNetwork(string Id, IReadOnlyDictionary<string, string>? Labels, IReadOnlyDictionary<string, string>? Options);

internal sealed record PodmanNetwork(
    [property: JsonPropertyName("labels")] IReadOnlyDictionary<string, string>? Labels,
    [property: JsonPropertyName("network_interface")] string? Interface);

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
[JsonSerializable(typeof(RegistryAuth))]
[JsonSerializable(typeof(ImageAnswer))]
[JsonSerializable(typeof(ContainerAnswer))]
[JsonSerializable(typeof(EngineInfo))]
[JsonSerializable(typeof(DockerNetwork))]
[JsonSerializable(typeof(PodmanNetwork))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(EngineError))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, IReadOnlyList<string>>))]
internal sealed partial class EngineJson : JsonSerializerContext;
