using System.CommandLine;
using Shithub.Actions.Server.Access;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin user …</c></summary>
internal static class UserCommands
{
    public static Command Build() => new("user", "Create, list and disable users.")
    {
        Create(),
        List(),
        Disable(),
    };

    private static Command Create()
    {
        var name = new Argument<string>("name") { Description = "The user's name: the first part of addresses of their repositories." };
        var admin = new Option<bool>("--admin") { Description = "A site admin: may do everything with every repository." };
        var command = new Command("create", "Create a user.") { name, admin };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var given = parse.GetValue(name)!;
            if (OwnerName.Complaint(given) is { } complaint)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, complaint);
            if (await context.Get<Owners>().CreateUserAsync(given, parse.GetValue(admin), cancellation) is not { } user)
                return CommandContext.Fail(parse, CommandContext.Refused, $"The name {given} is taken. Choose another.");
            context.Print(user, ("id", CommandText.Of(user.Id)), ("name", user.Name), ("admin", CommandText.Of(user.IsAdmin)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "The users.");
        CommandContext.SetAction(command, async (context, _, cancellation) =>
        {
            context.PrintList(
                await context.Get<Owners>().ListAsync(Owner.User, cancellation),
                "There is no user. Create one: shithubd admin user create NAME",
                ("ID", user => CommandText.Of(user.Id)), ("NAME", user => user.Name), ("ADMIN", user => CommandText.Of(user.IsAdmin)),
                ("CREATED", user => CommandText.Of(user.CreatedAt)), ("DISABLED", user => CommandText.Of(user.DisabledAt)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Disable()
    {
        var name = new Argument<string>("name") { Description = "The user's name." };
        var command = new Command("disable", "Refuse a user's tokens and sessions from now on. What the user owns stays.") { name };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var given = parse.GetValue(name)!;
            if (!await context.Get<Owners>().DisableUserAsync(given, cancellation))
                return CommandContext.Fail(parse, CommandContext.Refused, $"There is no user {given}. See: shithubd admin user list");
            context.Print(new { name = given, disabled = true }, ("name", given), ("disabled", "yes"));
            return CommandContext.Done;
        });
        return command;
    }
}
