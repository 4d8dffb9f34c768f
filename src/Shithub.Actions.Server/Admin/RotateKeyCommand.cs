using System.CommandLine;
using System.Globalization;
using System.Text;
using Npgsql;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin secrets rotate-key</c>: see docs/secrets.md for when to run it.</summary>
internal static class RotateKeyCommand
{
    /// <summary>Some values open with no key that was given; all others are done.</summary>
    private const int SomeLeft = 3;

    private const string NewKeyVariable = "SHITHUB_NEW_TOTP_KEY";

    public static Command Build()
    {
        var file = new Option<string?>("--new-key-file")
        {
            Description = $"Holds the new root key, 32 bytes or more in base64 (variable {NewKeyVariable}). Default: auth.totp_key_b64, "
                + "with the old one in auth.previous_totp_key_b64.",
        };
        var command = new Command(
            "rotate-key",
            "Seal all stored secrets anew with another root key. May be stopped and started again. Exit code 3: some values open with none of the keys.")
        {
            file,
        };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var auth = context.Settings.Auth;
            List<byte[]> known = [auth.RequireTotpKey(), .. auth.PreviousTotpKeyBytes is { } previous ? [previous] : Array.Empty<byte[]>()];
            var (target, problem) = await ReadKeyAsync(parse.GetValue(file), cancellation);
            if (problem is not null)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, problem);
            if (target is null && known.Count == 1)
            {
                return CommandContext.Fail(
                    parse, CommandContext.WrongUsage,
                    "There is one key only. Give the new one with --new-key-file, or set it as auth.totp_key_b64 and the old one as "
                        + "auth.previous_totp_key_b64.");
            }

            target ??= known[0];
            var others = known.Where(key => !key.AsSpan().SequenceEqual(target)).Select(key => new RootKey(key)).ToList();
            var error = parse.InvocationConfiguration.Error;
            var rotated = await new RotateKey(context.Get<NpgsqlDataSource>(), new RootKey(target), others, context.Get<AuditLog>()).ExecuteAsync(
                (what, rows) => error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {rows} looked at")), cancellation);
            context.PrintList(
                rotated, "",
                ("SEALED VALUES", row => row.What), ("SEALED ANEW", row => Text(row.SealedAnew)), ("DONE BEFORE", row => Text(row.Already)),
                ("NOT OPENED", row => Text(row.Unopened)));
            return rotated.Sum(row => row.Unopened) == 0
                ? CommandContext.Done
                : CommandContext.Fail(
                    parse, SomeLeft, "Some values open with none of these keys; they are as they were. If they were sealed with another key, "
                        + "run this again with it as auth.previous_totp_key_b64; else set those secrets again.");
        });
        return command;
    }

    private static async Task<(byte[]? Key, string? Problem)> ReadKeyAsync(string? file, CancellationToken cancellation)
    {
        string? text;
        try
        {
            text = file is null
                ? Environment.GetEnvironmentVariable(NewKeyVariable)
                : Encoding.ASCII.GetString(await CommandFile.ReadAsync(file, 64 * 1024, cancellation));
        }
        catch (Exception error) when (CommandFile.IsUnreadable(error))
        {
            return (null, $"The new key can't be read: {error.Message}");
        }

        if (string.IsNullOrWhiteSpace(text))
            return file is null ? (null, null) : (null, $"{file} is empty.");
        var key = new byte[text.Length];
        return Convert.TryFromBase64String(text.Trim(), key, out var length) && length >= 32
            ? (key[..length], null)
            : (null, "The new key must be 32 bytes or more in base64; make one with: openssl rand -base64 32");
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
