using System.Text.RegularExpressions;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Pods;

/// <summary>A container that a job asks for and that may be had here.</summary>
/// <param name="Name">The service's; null for the job's own.</param>
/// <param name="Entrypoint">Empty: the image's.</param>
/// <param name="Command">Empty: the image's.</param>
internal sealed partial record PlannedContainer(
    string? Name,
    string Image,
    RegistryCredentials? Credentials,
    IReadOnlyList<string> Env,
    IReadOnlyList<PortMapping> Ports,
    IReadOnlyList<VolumeMount> Volumes,
    ContainerOptions Options,
    IReadOnlyList<string> Entrypoint,
    IReadOnlyList<string> Command)
{
    private const string ImageProtocol = "docker://";

    /// <summary>What a service can be called by: its name and those of <c>options</c>.</summary>
    public IEnumerable<string> HostNames => Name is null ? Options.Aliases : [Name, .. Options.Aliases];

    /// <exception cref="SandboxException">It can't be had; the message is for the author.</exception>
    public static PlannedContainer Create(RequestedContainer request, ImagePolicy policy)
    {
        var image = request.Image.StartsWith(ImageProtocol, StringComparison.Ordinal) ? request.Image[ImageProtocol.Length..] : request.Image;
        if (!ImageName().IsMatch(image)) throw new SandboxException($"{request.Path}.image '{image}' is not the name of an image.");
        if (policy.Refuse(image) is { } refusal) throw new SandboxException($"{request.Path}: image {image} {refusal}");
        if (request.Env.Keys.FirstOrDefault(name => name.Length == 0 || name.Contains('=', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal)) is { } bad)
            throw new SandboxException($"{request.Path}.env: '{bad}' is not the name of a variable.");
        if (request.Env.FirstOrDefault(variable => variable.Value.Contains('\0', StringComparison.Ordinal)) is { Key: { } holder })
            throw new SandboxException($"{request.Path}.env.{holder} has a NUL character, which no environment can hold.");
        var options = ContainerOptions.Parse(request.Options, $"{request.Path}.options");
        if (request.Name is null && options.Entrypoint is not null)
            throw new SandboxException($"{request.Path}.options: --entrypoint is for services; the container of the steps waits for them.");
        var entrypoint = CommandWords.Split(request.Entrypoint, $"{request.Path}.entrypoint");
        return new PlannedContainer(
            request.Name,
            image,
            request.Credentials,
            [.. request.Env.Select(variable => $"{variable.Key}={variable.Value}")],
            [.. request.Ports.SelectMany((port, index) => PortMapping.Parse(port, $"{request.Path}.ports[{index}]"))],
            [.. request.Volumes.Select((volume, index) => VolumeMount.Parse(volume, $"{request.Path}.volumes[{index}]"))],
            options,
            entrypoint.Count > 0 ? entrypoint : options.Entrypoint is { Length: > 0 } one ? [one] : [],
            CommandWords.Split(request.Command, $"{request.Path}.command"));
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}\z")]
    private static partial Regex ImageName();
}
