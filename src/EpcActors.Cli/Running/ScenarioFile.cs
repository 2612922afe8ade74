using EpcActors.Imports;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Running;

/// <summary>The file named on the command line.</summary>
internal static class ScenarioFile
{
    private const int MostNames = 8;

    /// <summary>A scenario, or the one made of an input of another kind.</summary>
    /// <param name="file">As given on the command line.</param>
    /// <param name="options">What the input does not say.</param>
    /// <param name="environment">Files.</param>
    /// <exception cref="CommandException">There is no such file, or the options are for another kind.</exception>
    /// <exception cref="ConfigurationException">Something in an input is wrong.</exception>
    public static ScenarioText Open(string file, ImportOptions options, ConfigEnvironment environment)
    {
        if (!ScenarioSource.IsInputFolder(file))
        {
            RequireExists(file, environment);
        }

        ScenarioText text = ScenarioSource.Read(file, options, environment);
        if (!text.IsImported && InputWords.Of(options).FirstOrDefault() is { } option)
        {
            throw CommandException.Usage(
                $"{option}: {file} is a scenario and says this itself; the option is for inputs that are imported "
                    + "('epc import --help')");
        }

        return text;
    }

    /// <summary>Says what there is instead when there is no such file.</summary>
    /// <exception cref="CommandException">when it is missing.</exception>
    public static void RequireExists(string file, ConfigEnvironment environment)
    {
        // Only a file on disk can be looked for; the loader knows about all others.
        if (environment.Files != ConfigEnvironment.Default.Files || File.Exists(file)
            || BuiltInFiles.ReadShipped(file) is not null)
        {
            return;
        }

        if (Directory.Exists(file))
        {
            throw CommandException.Usage($"{file}: this is a folder; name a scenario file{Beside(file, "in it")}");
        }

        RequireReadableName(file);
        if (file.StartsWith('-'))
        {
            // A command that takes several files takes an unknown option for one.
            throw CommandException.Usage($"{file}: there is no such option, and no such file;"
                + " --set key=value sets a key, and ${?NAME} in a file takes the environment variable NAME");
        }

        string folder = Path.GetDirectoryName(file) is { Length: > 0 } name ? name : ".";
        if (!Directory.Exists(folder))
        {
            throw CommandException.Usage(
                $"{file}: there is no such file, and no folder {folder}; paths are relative to the current folder, "
                    + $"{Environment.CurrentDirectory}");
        }

        string[] names = Scenarios(folder);
        string wanted = Path.GetFileName(file);
        string? meant = names.FirstOrDefault(one => one == wanted + ".conf") ?? Suggestions.Nearest(wanted, names);
        throw CommandException.Usage(
            $"{file}: there is no such file"
                + (
                    meant is null
                        ? Beside(folder, "in that folder")
                        : $"; did you mean {(folder == "." ? meant : Path.Combine(folder, meant))}?"));
    }

    /// <summary>
    /// The runtime knows names in UTF-8 only: any other cannot be opened, though the folder shows it.
    /// </summary>
    /// <exception cref="CommandException">when the name has other bytes.</exception>
    public static void RequireReadableName(string file)
    {
        if (file.Contains('\uFFFD', StringComparison.Ordinal))
        {
            throw CommandException.Usage(
                $"{file}: the name is not valid UTF-8, and no such file can be opened; rename it");
        }
    }

    /// <summary>A race has no clock: its tasks are for a search, and a run of them would prove nothing.</summary>
    /// <exception cref="CommandException">when the file is one of a race.</exception>
    public static void RequireNoRace(string file, Scenario scenario)
    {
        if (scenario.Race is not null)
        {
            throw CommandException.Usage(
                $"{file}: this is a race file, not a scenario: '{EpcCommand.Name} race find {file}' searches its "
                    + "schedules");
        }
    }

    private static string Beside(string folder, string where)
    {
        string[] names = Scenarios(folder);
        return names.Length == 0
            ? $"; there are no .conf files {where}"
            : $"; {where}: {string.Join(", ", names.Take(MostNames))}{(names.Length > MostNames ? ", …" : "")}";
    }

    private static string[] Scenarios(string folder)
    {
        try
        {
            return
            [
                .. Directory
                    .EnumerateFiles(folder, "*.conf")
                    .Select(path => Path.GetFileName(path)!)
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
