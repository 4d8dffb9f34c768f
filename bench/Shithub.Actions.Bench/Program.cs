using System.CommandLine;
using Shithub.Actions.Bench;

var only = new Option<string[]>("--only") { Description = $"Only these: {string.Join(", ", Run.Parts)}. Then README.md is left as it is.", AllowMultipleArgumentsPerToken = true };
only.AcceptOnlyFromAmong([.. Run.Parts]);
var root = new RootCommand("Measures Shithub Actions on this machine (started by bench/run.sh) and writes bench/README.md.") { only };
root.SetAction((parse, cancellation) => Run.AllAsync(parse.GetValue(only) ?? [], cancellation));
return await root.Parse(args).InvokeAsync();
