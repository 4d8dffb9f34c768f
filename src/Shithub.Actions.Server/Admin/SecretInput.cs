using System.Text;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Admin;

/// <summary>Takes a secret from a file, from standard input, or from a person at a terminal, who does not see what they type.</summary>
internal static class SecretInput
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <returns>The value without the line ends after it, or what is wrong.</returns>
    public static async Task<(string? Value, string? Problem)> ReadAsync(string? file, CancellationToken cancellation)
    {
        if (file is null && !Console.IsInputRedirected)
            return (Prompt(), null);
        try
        {
            // Room for the line ends that do not count.
            var bytes = await CommandFile.ReadAsync(file ?? "-", WorkflowSecrets.ValueBytesMax + 1024, cancellation);
            return (StrictUtf8.GetString(bytes).TrimEnd('\r', '\n'), null);
        }
        catch (DecoderFallbackException)
        {
            return (null, "The value is not UTF-8 text; encode binary data, as with base64.");
        }
        catch (Exception error) when (CommandFile.IsUnreadable(error))
        {
            return (null, $"The value can't be read: {error.Message}");
        }
    }

    private static string Prompt()
    {
        Console.Error.Write("Value: ");
        var value = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                value.Length = Math.Max(0, value.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                value.Append(key.KeyChar);
        }

        Console.Error.WriteLine();
        return value.ToString();
    }
}
