using System.Text.Json;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Syntax;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>Evaluates a job's <c>container</c> and <c>services</c>, which come as JSON with the author's expressions in it.</summary>
public sealed class ContainerRequests
{
    private readonly JobExecution _execution;
    private readonly DiagnosticBag _diagnostics;
    private string? _problem;

    private ContainerRequests(JobExecution execution, string file) => (_execution, _diagnostics) = (execution, new DiagnosticBag(file));

    /// <param name="execution">After its <see cref="JobExecution.Begin"/>.</param>
    /// <param name="container">A string or an object of templates; null: none.</param>
    /// <param name="services">An object of such; null: none.</param>
    /// <returns>Either what is asked for, or why it can't be had, for the author.</returns>
    public static (RequestedContainers? Containers, string? Problem) Evaluate(
        JobExecution execution, string file, string jobKey, JsonElement? container, JsonElement? services)
    {
        ArgumentNullException.ThrowIfNull(execution);
        var requests = new ContainerRequests(execution, file);
        try
        {
            var job = container is { } one ? requests.Read(null, $"jobs.{jobKey}.container", one) : null;
            var all = services is { } several ? requests.ReadServices($"jobs.{jobKey}.services", several) : [];
            var problem = ExecutionProblem.First(requests._diagnostics) ?? requests._problem;
            return problem is null ? (new RequestedContainers(job, all), null) : (null, problem);
        }
        catch (TemplateException exception)
        {
            return (null, ExecutionProblem.Of(exception));
        }
    }

    private List<RequestedContainer> ReadServices(string path, JsonElement services)
    {
        if (services.ValueKind is JsonValueKind.Object)
            return ReadServices(path, services.EnumerateObject().Select(entry => (entry.Name, Read(entry.Name, $"{path}.{entry.Name}", entry.Value))));
        var value = Evaluate(services, path, ExpressionScope.JobServices);
        if (value is ObjectValue { Members: var members })
            return ReadServices(path, members.Select(entry => (entry.Key, Read(entry.Key, $"{path}.{entry.Key}", entry.Value))));
        if (value is not NullValue && Coercion.ToText(value).Length > 0)
            Refuse(path, "must be a mapping from names to containers");
        return [];
    }

    private List<RequestedContainer> ReadServices(string path, IEnumerable<(string Name, RequestedContainer? Service)> services)
    {
        var read = new List<RequestedContainer>();
        foreach (var (name, service) in services)
        {
            if (!Identifier.IsValid(name))
                Refuse(path, $"has '{YamlReader.Show(name)}', which is no name for a service: {Identifier.Rule}");
            if (service is not null)
                read.Add(service);
        }

        return read;
    }

    private RequestedContainer? Read(string? name, string path, JsonElement container) =>
        container.ValueKind is JsonValueKind.Object
            ? Read(name, path, Parts(name, path, container))
            : Read(name, path, Evaluate(container, path, name is null ? ExpressionScope.JobContainer : ExpressionScope.JobServices));

    /// <summary>What an expression gave instead of a mapping: an image, nothing, or a mapping.</summary>
    private RequestedContainer? Read(string? name, string path, ExpressionValue value)
    {
        if (value is ObjectValue parts)
            return Read(name, path, parts.Members);
        if (value is ArrayValue)
        {
            Refuse(path, "is a list; it must be an image or a mapping");
            return null;
        }

        var members = new Dictionary<string, ExpressionValue> { ["image"] = value };
        return Read(name, path, members);
    }

    private Dictionary<string, ExpressionValue> Parts(string? name, string path, JsonElement container)
    {
        var isJob = name is null;
        var parts = new Dictionary<string, ExpressionValue>();
        foreach (var part in container.EnumerateObject())
        {
            parts[part.Name] = Evaluate(part.Value, $"{path}.{part.Name}", part.Name switch
            {
                "credentials" => isJob ? ExpressionScope.JobContainerCredentials : ExpressionScope.JobServicesCredentials,
                "env" => isJob ? ExpressionScope.JobContainerEnv : ExpressionScope.JobServicesEnv,
                _ => isJob ? ExpressionScope.JobContainer : ExpressionScope.JobServices,
            });
        }

        return parts;
    }

    /// <returns>Null: there is to be none.</returns>
    private RequestedContainer? Read(string? name, string path, IReadOnlyDictionary<string, ExpressionValue> parts)
    {
        foreach (var unknown in parts.Keys.Where(key => !(name is null ? KeySet.Container : KeySet.Service).Supported.Contains(key)))
            Refuse(path, $"has a key '{YamlReader.Show(unknown)}' that is not known");
        var image = Text(path, "image", parts).Trim();
        if (image.Length == 0)
            return null;
        return new RequestedContainer(
            name,
            path,
            image,
            Credentials(path, parts.GetValueOrDefault("credentials")),
            Mapping($"{path}.env", parts.GetValueOrDefault("env")),
            List($"{path}.ports", parts.GetValueOrDefault("ports")),
            List($"{path}.volumes", parts.GetValueOrDefault("volumes")),
            OwnText(path, "options", parts),
            OwnText(path, "entrypoint", parts),
            OwnText(path, "command", parts));
    }

    private RegistryCredentials? Credentials(string path, ExpressionValue? value)
    {
        if (value is null or NullValue)
            return null;
        var credentials = Mapping($"{path}.credentials", value);
        var username = credentials.GetValueOrDefault("username", "");
        var password = credentials.GetValueOrDefault("password", "");
        // A fork's run has no secrets: then the image may still be there, or be open to all.
        return username.Length == 0 || password.Length == 0 ? null : new RegistryCredentials(username, password);
    }

    private Dictionary<string, string> Mapping(string path, ExpressionValue? value)
    {
        var texts = new Dictionary<string, string>();
        if (value is ObjectValue { Members: var members })
        {
            foreach (var (key, member) in members)
                texts[key] = Primitive($"{path}.{key}", member);
        }
        else if (value is not (null or NullValue))
        {
            Refuse(path, "must be a mapping");
        }

        return texts;
    }

    private List<string> List(string path, ExpressionValue? value)
    {
        if (value is ArrayValue { Items: var items })
            return [.. items.Select((item, index) => Primitive($"{path}[{index}]", item))];
        if (value is not (null or NullValue))
            Refuse(path, "must be a list");
        return [];
    }

    private string Text(string path, string part, IReadOnlyDictionary<string, ExpressionValue> parts) =>
        parts.TryGetValue(part, out var value) ? Primitive($"{path}.{part}", value) : "";

    /// <summary>A text that becomes part of a command: people outside must have no say in it.</summary>
    private string OwnText(string path, string part, IReadOnlyDictionary<string, ExpressionValue> parts)
    {
        if (parts.TryGetValue(part, out var value) && value.Tainted)
            Refuse($"{path}.{part}", "comes from the event, and would become part of a command; hand it over in 'env'");
        return Text(path, part, parts);
    }

    private string Primitive(string path, ExpressionValue value)
    {
        if (value.IsPrimitive)
            return Coercion.ToText(value);
        Refuse(path, "must be a text");
        return "";
    }

    private ExpressionValue Evaluate(JsonElement json, string path, ExpressionScope scope)
    {
        var node = TemplateNode.FromJson(json, path, SourcePosition.Start, scope, _diagnostics);
        // What is wrong with it is in the diagnostics; its expressions can't be evaluated.
        return _diagnostics.HasErrors
            ? ExpressionValue.Null
            : node.Evaluate(_execution.Evaluator().With("env", _execution.JobEnvironment.ToContext()));
    }

    private void Refuse(string path, string reason) => _problem ??= $"{path} {reason}";
}
