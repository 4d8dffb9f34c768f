using System.Security.Cryptography;
using System.Text;
using Shithub.Actions.Server.Admin;

namespace Shithub.Actions.Server.Dev;

/// <summary>Where <c>shithubd dev</c> keeps everything it makes; deleting <see cref="Root"/> and <see cref="Postgres"/> forgets it all.</summary>
public sealed class DevFolder
{
    /// <exception cref="DevException">The folder can't be made or used.</exception>
    public DevFolder(string root)
    {
        Root = Path.GetFullPath(root);
        try
        {
            Directory.CreateDirectory(Root);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DevException($"The folder {Root} can't be made: {error.Message} Choose another one with --data.");
        }

        // Secrets lie in files below; the postgres user must get through to its own folder.
        File.SetUnixFileMode(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        Directory.CreateDirectory(Path.Combine(Root, "logs"));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Root)))[..12];
        ShortSocketFolder = $"/tmp/shithub-{hash}";
        Network = $"shithub-dev-{hash}";

        // One of 172.28 to 172.29, by the folder: other sessions may be under way on this machine.
        var number = Convert.ToInt32(hash[..3], 16);
        Subnet = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"172.{28 + (number % 2)}.{number / 2 % 256}.1/24");
        // The database belongs to the user postgres, a checkout to whom steps run as. A folder that they can't enter, such as one under
        // /root, is no place for either.
        var shared = Environment.IsPrivilegedProcess && !IsOpenToOthers(Root) ? $"/var/lib/shithub-dev-{hash}" : Root;
        Postgres = Path.Combine(shared, "postgres");
        Workspaces = Path.Combine(shared, "workspaces");
    }

    public string Root { get; }

    public string Postgres { get; }

    public string ShortSocketFolder { get; }

    /// <summary>The bridge of this folder's jobs: another folder's session may be under way on the machine.</summary>
    public string Network { get; }

    /// <summary>The bridge's address and the prefix of its subnet.</summary>
    public string Subnet { get; }

    public string ServerData => Path.Combine(Root, "server");

    public string Workspaces { get; }

    public string ServerConfig => Path.Combine(Root, "shithubd.toml");

    public string RunnerConfig => Path.Combine(Root, "shithubd-runner.toml");

    public string RootKey => Path.Combine(Root, "root.key");

    public string RunnerToken => Path.Combine(Root, "runner.token");

    public string UserToken => Path.Combine(Root, "demo.token");

    public string EngineSocket => Path.Combine(Root, "podman.sock") is { Length: <= 107 } socket ? socket : $"{ShortSocketFolder}.sock";

    public string DemoClone => Path.Combine(Root, "hello");

    public string Programs => Path.Combine(Root, "bin");

    public string Log(string name) => Path.Combine(Root, "logs", name + ".log");

    /// <summary>
    /// Keeps other sessions out of the folder until it is disposed. The kernel lets go of it when the program dies, however it dies.
    /// </summary>
    /// <exception cref="DevException">Another session has the folder.</exception>
    public FileStream Lock()
    {
        try
        {
            return new FileStream(Path.Combine(Root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new DevException(
                $"Another 'shithubd dev' uses {Root}. Stop that one first, or give this one a folder and an address of its own: "
                + "--data .data2 --listen 127.0.0.1:8081",
                CommandContext.Refused);
        }
    }

    /// <summary>Writes a file that only its owner may read.</summary>
    public static void WriteSecret(string path, string text)
    {
        using var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        stream.Write(Encoding.UTF8.GetBytes(text));
    }

    private static bool IsOpenToOthers(string path)
    {
        for (var folder = new DirectoryInfo(path); folder is not null; folder = folder.Parent)
        {
            if (!folder.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
                return false;
        }

        return true;
    }
}
