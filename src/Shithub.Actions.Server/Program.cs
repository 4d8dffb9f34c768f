using Shithub.Actions.Server.Admin;

return await ServerCommandLine.RunAsync(args);
