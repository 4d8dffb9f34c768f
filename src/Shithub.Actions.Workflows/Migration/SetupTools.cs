namespace Shithub.Actions.Workflows.Migration;

/// <summary>A tool that an action of GitHub's marketplace installs; here the image has it.</summary>
/// <param name="Name">As a person calls it.</param>
/// <param name="Check">A command that fails where the tool is missing, and else prints its version.</param>
/// <param name="VersionInputs">The inputs that ask for a version or for the file that has it, the first that is given counts.</param>
/// <param name="Image">The name of a public image, without its tag; null where there is none to name.</param>
internal sealed record SetupTool(string Name, string Check, IReadOnlyList<string> VersionInputs, string? Image)
{
    /// <summary>The version stands after the action's <c>@</c> where no input has one.</summary>
    public bool IsVersionInRef { get; init; }
}

/// <summary>The setup actions that a check can stand in for: those that do nothing but install a tool.</summary>
internal static class SetupTools
{
    private static readonly SetupTool Ruby = new("ruby", "ruby --version", ["ruby-version"], "ruby");
    private static readonly SetupTool Beam = new("elixir", "elixir --version", ["elixir-version"], "elixir");
    private static readonly SetupTool Haskell = new("ghc", "ghc --version && cabal --version", ["ghc-version"], "haskell");
    private static readonly SetupTool Rust = new("rust", "rustc --version && cargo --version", ["toolchain"], "rust") { IsVersionInRef = true };
    private static readonly SetupTool Zig = new("zig", "zig version", ["version"], null);
    private static readonly SetupTool Nix = new("nix", "nix --version", [], "nixos/nix");

    private static readonly Dictionary<string, SetupTool> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["actions/setup-node"] = new("node", "node --version", ["node-version", "node-version-file"], "node"),
        ["actions/setup-python"] = new("python", "python --version", ["python-version", "python-version-file"], "python"),
        ["actions/setup-go"] = new("go", "go version", ["go-version", "go-version-file"], "golang"),
        ["actions/setup-java"] = new("java", "java -version", ["java-version", "java-version-file"], "eclipse-temurin"),
        ["actions/setup-dotnet"] = new("dotnet", "dotnet --version", ["dotnet-version", "global-json-file"], "mcr.microsoft.com/dotnet/sdk"),
        ["actions/setup-ruby"] = Ruby,
        ["actions/setup-haskell"] = Haskell,
        ["actions/setup-elixir"] = Beam,
        ["ruby/setup-ruby"] = Ruby,
        ["graalvm/setup-graalvm"] = new("java", "java -version", ["java-version"], null),
        ["sbt/setup-sbt"] = new("sbt", "sbt --version", ["sbt-runner-version"], null),
        ["pnpm/action-setup"] = new("pnpm", "pnpm --version", ["version"], null),
        ["oven-sh/setup-bun"] = new("bun", "bun --version", ["bun-version", "bun-version-file"], "oven/bun"),
        ["denoland/setup-deno"] = new("deno", "deno --version", ["deno-version"], "denoland/deno"),
        ["astral-sh/setup-uv"] = new("uv", "uv --version", ["version"], null),
        ["shivammathur/setup-php"] = new("php", "php --version", ["php-version", "php-version-file"], "php"),
        ["erlef/setup-beam"] = Beam,
        ["erlef/setup-elixir"] = Beam,
        ["haskell/actions/setup"] = Haskell,
        ["haskell-actions/setup"] = Haskell,
        ["dtolnay/rust-toolchain"] = Rust,
        ["actions-rs/toolchain"] = Rust with { IsVersionInRef = false },
        ["actions-rust-lang/setup-rust-toolchain"] = Rust with { IsVersionInRef = false },
        ["julia-actions/setup-julia"] = new("julia", "julia --version", ["version"], "julia"),
        ["r-lib/actions/setup-r"] = new("R", "R --version", ["r-version"], "rocker/r-ver"),
        ["ocaml/setup-ocaml"] = new("opam", "opam --version", ["ocaml-compiler"], "ocaml/opam"),
        ["swift-actions/setup-swift"] = new("swift", "swift --version", ["swift-version"], "swift"),
        ["dart-lang/setup-dart"] = new("dart", "dart --version", ["sdk"], "dart"),
        ["subosito/flutter-action"] = new("flutter", "flutter --version", ["flutter-version", "channel"], null),
        ["goto-bus-stop/setup-zig"] = Zig,
        ["mlugg/setup-zig"] = Zig,
        ["hashicorp/setup-terraform"] = new("terraform", "terraform version", ["terraform_version"], null),
        ["opentofu/setup-opentofu"] = new("tofu", "tofu version", ["tofu_version"], null),
        ["azure/setup-helm"] = new("helm", "helm version", ["version"], null),
        ["azure/setup-kubectl"] = new("kubectl", "kubectl version --client", ["version"], null),
        ["arduino/setup-protoc"] = new("protoc", "protoc --version", ["version"], null),
        ["bufbuild/buf-setup-action"] = new("buf", "buf --version", ["version"], null),
        ["extractions/setup-just"] = new("just", "just --version", ["just-version"], null),
        ["cachix/install-nix-action"] = Nix,
        ["determinatesystems/nix-installer-action"] = Nix,
    };

    /// <param name="uses">With a version, and an address before it or not.</param>
    public static SetupTool? Find(string uses) =>
        Known.GetValueOrDefault(BuiltInActions.Split(UnavailableActions.WithoutAddress(uses) ?? uses).Name);
}
