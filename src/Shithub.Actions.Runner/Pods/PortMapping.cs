using System.Globalization;
using System.Text.RegularExpressions;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Pods;

/// <summary>One port of a service: where it listens, and under which number steps reach it at <c>localhost</c>.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
internal sealed partial record PortMapping(int Host, int Container, string Protocol)
{
    private const int RangeMax = 100;

    /// <summary>
    /// Reads <c>[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]</c>, with ranges, as Docker does. Without a host port, where Docker would choose one,
    /// it is the container's: nothing else has that address.
    /// </summary>
    /// <param name="where">Where it stands in the workflow, for messages.</param>
    /// <exception cref="SandboxException">It is not a port.</exception>
    public static IReadOnlyList<PortMapping> Parse(string text, string where)
    {
        var match = Form().Match(text);
        if (!match.Success) throw new SandboxException($"{where} '{text}' is not a port; write '8080:80', '80' or '53:53/udp'.");
        var (first, last) = Range(match.Groups["container"].Value, text, where);
        var (hostFirst, hostLast) = match.Groups["host"].Value is { Length: > 0 } host ? Range(host, text, where) : (first, last);
        if (last - first != hostLast - hostFirst) throw new SandboxException($"{where} '{text}' has two ranges of different lengths.");
        var protocol = match.Groups["protocol"] is { Success: true } named ? named.Value : "tcp";
        var ports = Enumerable.Range(0, last - first + 1).Select(offset => new PortMapping(hostFirst + offset, first + offset, protocol)).ToList();
        return protocol == "tcp" || ports.TrueForAll(port => port.Host == port.Container)
            ? ports
            : throw new SandboxException($"{where} '{text}': only tcp ports can have another number at localhost; write '{first}:{first}/{protocol}'.");
    }

    private static (int First, int Last) Range(string text, string whole, string where)
    {
        var ends = text.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToList();
        var (first, last) = (ends[0], ends[^1]);
        return first is >= 1 and <= 65535 && last is >= 1 and <= 65535 && last >= first && last - first < RangeMax
            ? (first, last)
            : throw new SandboxException($"{where} '{whole}': ports are from 1 to 65535, and a range has at most {RangeMax}.");
    }

    [GeneratedRegex(
        @"\A(?:(?:[0-9.]{7,15}|\[[0-9a-fA-F:]+\]):)?(?:(?<host>[0-9]{1,5}(?:-[0-9]{1,5})?)?:)?(?<container>[0-9]{1,5}(?:-[0-9]{1,5})?)(?:/(?<protocol>tcp|udp|sctp))?\z")]
    private static partial Regex Form();
}
