using System.CommandLine;
using Shithub.Actions.Server.Access;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin org …</c></summary>
internal static class OrganizationCommands
{
    public static Command Build() => new("org", "Create and list organizations and their members.")
    {
        Create(),
        List(),
        AddMember(),
    };

    private static Command Create()
    {
        var name = new Argument<string>("name") { Description = "The organization's name: the first part of addresses of its repositories." };
        var owner = new Option<string?>("--owner") { Description = "A user who administers it. Without one, site admins do." };
        var command = new Command("create", "Create an organization.") { name, owner };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var owners = context.Get<Owners>();
            var given = parse.GetValue(name)!;
            if (OwnerName.Complaint(given) is { } complaint)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, complaint);
            Owner? first = null;
            if (parse.GetValue(owner) is { } ownerName && (first = await FindUserAsync(owners, ownerName, cancellation)) is null)
                return CommandContext.Fail(parse, CommandContext.Refused, $"There is no user {ownerName}. See: shithubd admin user list");
            if (await owners.CreateOrganizationAsync(given, first?.Id, cancellation) is not { } organization)
                return CommandContext.Fail(parse, CommandContext.Refused, $"The name {given} is taken. Choose another.");
            context.Print(
                organization, ("id", CommandText.Of(organization.Id)), ("name", organization.Name), ("owner", first?.Name));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "The organizations.");
        CommandContext.SetAction(command, async (context, _, cancellation) =>
        {
            context.PrintList(
                await context.Get<Owners>().ListAsync(Owner.Organization, cancellation),
                "There is no organization. Create one: shithubd admin org create NAME",
                ("ID", row => CommandText.Of(row.Id)), ("NAME", row => row.Name), ("CREATED", row => CommandText.Of(row.CreatedAt)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command AddMember()
    {
        var organization = new Argument<string>("organization") { Description = "The organization's name." };
        var user = new Argument<string>("user") { Description = "The user's name." };
        var role = new Option<string>("--role")
        {
            Description = "A member reads all of its repositories; an owner administers them.",
            DefaultValueFactory = _ => "member",
        }.AcceptOnlyFromAmong("member", "owner");
        var command = new Command("add-member", "Make a user a member or owner of an organization.") { organization, user, role };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var owners = context.Get<Owners>();
            var found = await owners.FindAsync(parse.GetValue(organization)!, cancellation);
            if (found?.Kind != Owner.Organization)
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused, $"There is no organization {parse.GetValue(organization)}. See: shithubd admin org list");
            }

            if (await FindUserAsync(owners, parse.GetValue(user)!, cancellation) is not { } member)
                return CommandContext.Fail(parse, CommandContext.Refused, $"There is no user {parse.GetValue(user)}. See: shithubd admin user list");
            await owners.SetMemberAsync(found.Id, member.Id, parse.GetValue(role)!, cancellation);
            context.Print(
                new { organization = found.Name, user = member.Name, role = parse.GetValue(role) },
                ("organization", found.Name), ("user", member.Name), ("role", parse.GetValue(role)));
            return CommandContext.Done;
        });
        return command;
    }

    private static async Task<Owner?> FindUserAsync(Owners owners, string name, CancellationToken cancellation) =>
        await owners.FindAsync(name, cancellation) is { Kind: Owner.User } user ? user : null;
}
