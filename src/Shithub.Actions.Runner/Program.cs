using System.CommandLine;
using Shithub.Actions.Runner.Commands;

var root = new RootCommand("shithubd-runner claims jobs from a Shithub Actions server and runs their steps in containers.")
{
    RunCommand.Create(),
    ExecCommand.Create(),
    NetworkCommand.Create(),
    DoctorCommand.Create(),
};

// Signals are the commands' own business: the first one drains, however long that takes.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
