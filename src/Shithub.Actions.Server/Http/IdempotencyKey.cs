using System.Diagnostics.CodeAnalysis;

namespace Shithub.Actions.Server.Http;

/// <summary>
/// The header <c>Idempotency-Key</c> of requests that make something: whoever lost the answer sends the same again and gets what was made.
/// </summary>
public static class IdempotencyKey
{
    private const string Header = "Idempotency-Key";
    private const int LengthMax = 100;

    /// <param name="key">Null where the request has none.</param>
    /// <param name="problem">Of a key that can't be kept: to go on without it would make a second one.</param>
    public static bool TryRead(HttpRequest request, out string? key, [NotNullWhen(false)] out IResult? problem)
    {
        (key, problem) = (null, null);
        if (!request.Headers.TryGetValue(Header, out var values))
            return true;
        if (values is not [{ Length: > 0 and <= LengthMax } value] || value.Any(letter => letter is < '!' or > '~'))
        {
            problem = Problems.Invalid(Header, $"'{Header}' is one value of 1 to {LengthMax} printable ASCII characters without blanks, such as a UUID.");
            return false;
        }

        key = value;
        return true;
    }
}
