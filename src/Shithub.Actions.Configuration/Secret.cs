using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Shithub.Actions.Configuration;

/// <summary>A setting that must not be printed: settings are logged, compared and shown in exceptions, and this says <c>***</c> there.</summary>
[DebuggerDisplay("***")]
public sealed class Secret(string value) : IEquatable<Secret>
{
    private readonly string _value = value;

    /// <summary>The secret itself, for the one place that uses it.</summary>
    public string Reveal() => _value;

    public override string ToString() => "***";

    /// <summary>Compares in a time that depends on the lengths only.</summary>
    public bool Equals(Secret? other) => other is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(_value), Encoding.UTF8.GetBytes(other._value));

    public override bool Equals(object? obj) => Equals(obj as Secret);

    public override int GetHashCode() => _value.GetHashCode(StringComparison.Ordinal);
}
