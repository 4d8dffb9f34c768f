namespace Shithub.Actions.Workflows;

/// <summary>A container that a job asks for, with all its expressions evaluated and nothing else checked.</summary>
/// <param name="Name">The service's; null for the container that the job's own steps run in.</param>
/// <param name="Path">Where it stands in the workflow, for messages: <c>jobs.test.services.db</c>.</param>
/// <param name="Options">As for the command line of <c>docker create</c>. Like <paramref name="Entrypoint"/> and
/// <paramref name="Command"/>, never chosen by people outside.</param>
/// <param name="Entrypoint">Empty: the image's.</param>
/// <param name="Command">Empty: the image's.</param>
public sealed record RequestedContainer(
    string? Name,
    string Path,
    string Image,
    RegistryCredentials? Credentials,
    IReadOnlyDictionary<string, string> Env,
    IReadOnlyList<string> Ports,
    IReadOnlyList<string> Volumes,
    string Options,
    string Entrypoint,
    string Command);

/// <summary>Who may pull an image. Its text does not show the password.</summary>
public sealed record RegistryCredentials(string Username, string Password)
{
    public override string ToString() => Username;
}

/// <param name="Job">Null: the runner's own image.</param>
/// <param name="Services">In the file's order; those whose image turned out empty are left out, as on GitHub.</param>
public sealed record RequestedContainers(RequestedContainer? Job, IReadOnlyList<RequestedContainer> Services)
{
    public static RequestedContainers None { get; } = new(null, []);
}
