using System.CommandLine;
using Shithub.Actions.Server.Access;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin token …</c>: personal access tokens.</summary>
internal static class TokenCommands
{
    public static Command Build() => new("token", "Create, list and revoke personal access tokens.")
    {
        Create(),
        List(),
        Revoke(),
    };

    private static Command Create()
    {
        var user = new Option<string>("--user") { Description = "Whose token.", Required = true };
        var name = new Option<string>("--name") { Description = "What it is for, as lists show it.", DefaultValueFactory = _ => "admin" };
        var scopes = new Option<string>("--scopes")
        {
            Description = $"Comma-separated: {string.Join(", ", TokenScopes.All)}.",
            Required = true,
        };
        var expiresIn = new Option<string?>("--expires-in") { Description = "When it expires, such as 30d. Without it, it does not expire." };
        var command = new Command("create", "Create a token and print it, this once.") { user, name, scopes, expiresIn };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var asked = parse.GetValue(scopes)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (asked.Length == 0 || asked.Except(TokenScopes.All).FirstOrDefault() is { } unknown && unknown.Length > 0)
            {
                return CommandContext.Fail(
                    parse, CommandContext.WrongUsage, $"--scopes: choose of {string.Join(", ", TokenScopes.All)}, separated by commas.");
            }

            if (parse.GetValue(name) is not { Length: > 0 and <= AccessTokens.NameLengthMax } label || label.Any(char.IsControl))
                return CommandContext.Fail(parse, CommandContext.WrongUsage, $"--name: 1 to {AccessTokens.NameLengthMax} characters of one line.");
            if (!CommandText.TryDuration(parse, expiresIn, out var lifetime, out var exitCode))
                return exitCode;
            var made = await context.Get<AccessTokens>().CreateAsync(parse.GetValue(user)!, label, asked, lifetime, cancellation);
            if (made is null)
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused, $"There is no active user {parse.GetValue(user)}. See: shithubd admin user list");
            }

            context.Print(
                made, ("id", CommandText.Of(made.Id)), ("token", made.Token), ("expires", CommandText.Of(made.ExpiresAt) ?? "never"));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command List()
    {
        var user = new Option<string?>("--user") { Description = "Only this user's." };
        var command = new Command("list", "The tokens, without their secrets.") { user };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            context.PrintList(
                await context.Get<AccessTokens>().ListAsync(parse.GetValue(user), cancellation),
                "There is no token. Create one: shithubd admin token create --user NAME --scopes repo:write",
                ("ID", row => CommandText.Of(row.Id)), ("USER", row => row.User), ("NAME", row => row.Name),
                ("SCOPES", row => string.Join(',', row.Scopes)), ("CREATED", row => CommandText.Of(row.CreatedAt)),
                ("LAST USED", row => CommandText.Of(row.LastUsedAt)), ("EXPIRES", row => CommandText.Of(row.ExpiresAt)),
                ("REVOKED", row => CommandText.Of(row.RevokedAt)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Revoke()
    {
        var id = new Option<long>("--id") { Description = "The token's id, see 'token list'.", Required = true };
        var command = new Command("revoke", "Refuse a token, and sessions made from it, from now on.") { id };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (!await context.Get<AccessTokens>().RevokeAsync(parse.GetValue(id), cancellation))
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused,
                    $"There is no token {parse.GetValue(id)}, or it is revoked. See: shithubd admin token list");
            }

            context.Print(new { id = parse.GetValue(id), revoked = true }, ("id", CommandText.Of(parse.GetValue(id))), ("revoked", "yes"));
            return CommandContext.Done;
        });
        return command;
    }
}
