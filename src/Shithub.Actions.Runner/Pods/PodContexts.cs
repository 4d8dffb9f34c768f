using System.Globalization;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Runner.Pods;

/// <summary>The contexts <c>job.container</c> and <c>job.services</c>, known before the containers are.</summary>
internal static class PodContexts
{
    public static ObjectValue Container(string name, string network) => Of([new("id", new StringValue(name)), new("network", new StringValue(network))]);

    /// <param name="name">The job's container's: those of services begin with it.</param>
    public static ObjectValue Services(PodPlan plan, string name, string network) => Of(plan.Services.Select(service =>
        new KeyValuePair<string, ExpressionValue>(service.Name!, Of(
        [
            new("id", new StringValue(ServiceName(name, service.Name!))),
            new("network", new StringValue(network)),
            new("ports", Of(service.Ports.DistinctBy(port => port.Container).Select(port =>
                new KeyValuePair<string, ExpressionValue>(Number(port.Container), new StringValue(Number(port.Host)))))),
        ]))));

    public static string ServiceName(string jobContainer, string service) => $"{jobContainer}-{service}";

    private static string Number(int port) => port.ToString(CultureInfo.InvariantCulture);

    private static ObjectValue Of(IEnumerable<KeyValuePair<string, ExpressionValue>> entries) =>
        ObjectValue.Of(new OrderedDictionary<string, ExpressionValue>(entries, StringComparer.OrdinalIgnoreCase));
}
