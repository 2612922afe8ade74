using System.CommandLine;
using System.Text;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc new</c>: writes a small commented file to begin with.</summary>
internal static class NewCommand
{
    private const string Extension = ".conf";

    private static readonly (string Name, string Description, string Next)[] Templates =
    [
        ("scenario", "A scenario: cgroups with limits, two enclaves, what it expects.", "epc run {0} --expect"),
        ("race", "A race: two tasks, a property, a buggy and a fixed variant.", "epc race find {0}"),
    ];

    public static Command Create(CommandShell shell)
    {
        DocumentedCommand command = new(
            "new", "Writes a small commented file to begin with; alone it lists the templates.", Page())
        {
            Scenario(shell),
            Race(shell),
        };
        command.SetAction(_ =>
        {
            int width = Templates.Max(one => one.Name.Length) + 2;
            foreach ((string name, string description, string _) in Templates)
            {
                shell.Out.WriteLine(name.PadRight(width) + description);
            }

            return (int)ExitCode.Pass;
        });
        return command;
    }

    private static DocumentedCommand Scenario(CommandShell shell)
    {
        Argument<string> name = Name();
        Option<bool> force = Force();
        Option<string> kernel = Choice("--kernel", "the kernel", "kernels", "epc-cgroup-v8");
        Option<string> machine = Choice("--machine", "the machine", "machines", "two-sockets-64mib");
        Option<string> preset = new("--preset")
        {
            HelpName = "NAME",
            Description = "the workload of one of its enclaves (default: ycsb-b)",
            DefaultValueFactory = static _ => "ycsb-b",
        };
        preset.CompletionSources.Add([.. WorkloadPresets.All.Select(one => one.Name)]);
        DocumentedCommand command = new("scenario", Templates[0].Description, PageOf("scenario", "epc run web.conf"))
        {
            name, kernel, machine, preset, force,
        };
        command.SetAction(parsed =>
        {
            string chosen = parsed.GetRequiredValue(preset);
            RequireKnown("--preset", chosen, [.. WorkloadPresets.All.Select(one => one.Name)], "presets");
            return (int)Write(shell, "scenario", parsed.GetRequiredValue(name), parsed.GetValue(force),
            [
                ("KERNEL", Known(parsed.GetRequiredValue(kernel), "--kernel", "kernels")),
                ("MACHINE", Known(parsed.GetRequiredValue(machine), "--machine", "machines")),
                ("PRESET", chosen),
            ]);
        });
        return command;
    }

    private static DocumentedCommand Race(CommandShell shell)
    {
        Argument<string> name = Name();
        Option<bool> force = Force();
        Option<string> kernel = Choice("--kernel", "the kernel", "kernels", "epc-cgroup-v8");
        DocumentedCommand command = new("race", Templates[1].Description, PageOf("race", "epc race find web.conf"))
        {
            name, kernel, force,
        };
        command.SetAction(parsed => (int)Write(shell, "race", parsed.GetRequiredValue(name), parsed.GetValue(force),
        [
            ("KERNEL", Known(parsed.GetRequiredValue(kernel), "--kernel", "kernels")),
        ]));
        return command;
    }

    private static ExitCode Write(
        CommandShell shell,
        string template,
        string name,
        bool isForced,
        IReadOnlyList<(string Mark, string Value)> values)
    {
        string path = name.EndsWith(Extension, StringComparison.Ordinal) ? name : name + Extension;
        string title = Path.GetFileNameWithoutExtension(path);
        bool isGood = title.Length > 0 && char.IsAsciiLetterOrDigit(title[0])
            && title.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
        if (!isGood)
        {
            throw CommandException.Usage(
                $"'{title}' is not a valid name: use letters, digits, '-', '_' and '.', a letter or digit first");
        }

        OutputPath.RequireWritableFile("NAME", path);
        if (Path.Exists(path) && !isForced)
        {
            throw CommandException.Usage(
                $"{path}: there is such a file; choose another name, or replace it with --force");
        }

        StringBuilder text = new(BuiltInFiles.Read($"{BuiltInFiles.Prefix}templates/{template}{Extension}"));
        string word = ShellQuoting.Quote(path, shell.Dialect);
        foreach ((string mark, string value) in ((string, string)[])[("NAME", title), ("FILE", word), .. values])
        {
            text.Replace(mark, value);
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString().ReplaceLineEndings("\n"));
        StagedFiles.Write(path, stream => stream.Write(bytes));
        string next = Templates.First(one => one.Name == template).Next;
        shell.Out.WriteLine($"wrote {path}; next: {next.Replace("{0}", word, StringComparison.Ordinal)}");
        return ExitCode.Pass;
    }

    private static Argument<string> Name() => new("NAME")
    {
        Description = $"name of the file, with a folder in front of it or not; {Extension} is added",
    };

    private static Option<bool> Force() => CommonOptions.Flag("--force", "replaces a file of that name");

    private static Option<string> Choice(string name, string what, string set, string standard)
    {
        Option<string> option = new(name)
        {
            HelpName = "NAME",
            Description = $"{what}, by its name ('epc config {set}') or a path that ends in {Extension} "
                + $"(default: {standard})",
            DefaultValueFactory = _ => standard,
        };
        option.CompletionSources.Add([.. BuiltInFiles.Names(set)]);
        return option;
    }

    /// <summary>A name of a set, or the path of a file, which is looked for when the scenario is loaded.</summary>
    private static string Known(string name, string option, string set)
    {
        if (!name.EndsWith(Extension, StringComparison.Ordinal))
        {
            RequireKnown(option, name, BuiltInFiles.Names(set), set);
        }
        else if (!File.Exists(name) || name.IndexOfAny(['"', '\\']) >= 0)
        {
            throw CommandException.Usage($"{option} {name}: there is no such file; 'epc config {set}' lists the names");
        }

        return name;
    }

    private static void RequireKnown(string option, string name, IReadOnlyList<string> names, string set)
    {
        if (!names.Contains(name))
        {
            string meant = Suggestions.DidYouMeanOrStop(name, names);
            throw CommandException.Usage(
                $"{option} {name}: is not one of the {set}{meant} 'epc config {set}' lists them");
        }
    }

    private static HelpPage PageOf(string template, string next) => new()
    {
        Notes = ["The file runs as it is. Its comments say what to change, and where every key is explained."],
        Examples =
        [
            new($"epc new {template} web", "Writes web.conf"),
            new(next, "Tries it"),
        ],
        ExitCodes = Codes,
        SeeAlso = StandardExitCodes.KeyReference,
    };

    private static HelpPage Page() => new()
    {
        Examples =
        [
            new("epc new", "Which templates are there?"),
            new("epc new scenario web --kernel linux-6.16", "A scenario on another kernel"),
            new("epc new race lost-update", "A race, found at once by 'epc race find lost-update.conf'"),
        ],
        ExitCodes = Codes,
        SeeAlso = ["epc new <command> --help", .. StandardExitCodes.KeyReference],
    };

    private static IReadOnlyList<(ExitCode Code, string Meaning)> Codes { get; } =
    [
        (ExitCode.Pass, "written"),
        (ExitCode.Usage, "a mistake in the command line, a name that is not valid, or a file that is there already"),
        (ExitCode.OutputError, "the file could not be written"),
    ];
}
