using System.Security.Cryptography;
using EpcActors.Cli.Terminal;
using EpcActors.Hocon;

namespace EpcActors.Cli.Commands.Cluster;

/// <summary>
/// The secret of a run over several processes: read from a file, taken from the environment, or new. It is never a word
/// of a command line,
/// which every user of the machine can read.
/// </summary>
internal static class ClusterToken
{
    /// <summary>
    /// Has the secret of a run; also the way in which a coordinator gives it to the processes that it starts.
    /// </summary>
    public const string Variable = "EPC_CLUSTER_TOKEN";

    private const int LeastLength = 16;
    private const int MostLength = 1024;
    private const string Remedy = "make one with: openssl rand -hex 16";
    private const UnixFileMode OwnerAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>A secret that cannot be guessed: 128 random bits.</summary>
    public static string New() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>The secret in the file, else that in the environment; null when there is neither.</summary>
    /// <exception cref="CommandException">it cannot be read, or is not a valid secret (usage).</exception>
    public static string? Given(CommandShell shell, string? file)
    {
        if (file is not null)
        {
            return Checked(Read(shell, file), $"--token-file {file}");
        }

        return Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? Checked(text, Variable) : null;
    }

    /// <summary>Writes the secret into a new file that only this user can read, for processes on other hosts.</summary>
    /// <returns>Its path.</returns>
    public static string Write(string token)
    {
        string path = Path.Combine(
            Path.GetTempPath(),
            $"epc-{RandomNumberGenerator.GetHexString(8, lowercase: true)}.token");
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerAlone;
        }

        using StreamWriter writer = new(path, options);
        writer.WriteLine(token);
        return path;
    }

    private static string Read(CommandShell shell, string file)
    {
        try
        {
            if (
                !OperatingSystem.IsWindows()
                && (File.GetUnixFileMode(file) & ~OwnerAlone & ~UnixFileMode.UserExecute) is not 0 and var mode)
            {
                shell.Error.WriteLine(
                    $"note: --token-file {file}: other users may use it too ({mode}); chmod 600 {file}");
            }

            return TextFiles.Read(file) ?? throw new FileNotFoundException("there is no such file");
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Usage($"--token-file {file}: cannot read it: {wrong.Message}");
        }
    }

    private static string Checked(string text, string origin)
    {
        string token = text.Trim();
        if (token.Length is < LeastLength or > MostLength)
        {
            throw CommandException.Usage(
                $"{origin} is not a valid token: it has {token.Length} characters, and needs {LeastLength} to "
                    + $"{MostLength}; {Remedy}");
        }

        return token.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter))
            ? throw CommandException.Usage($"{origin} is not a valid token: it is one word without blanks; {Remedy}")
            : token;
    }
}
