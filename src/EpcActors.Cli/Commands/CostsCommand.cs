using System.CommandLine;
using System.Globalization;
using System.Text;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Hocon;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Runs.Published;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc costs</c>: what the figures of the model stand on.</summary>
internal sealed class CostsCommand
{
    private const int MostJobs = 1024;

    private readonly CommandShell _shell;

    private readonly Argument<string[]> _rows = CommonOptions.Completing(
        new Argument<string[]>("ROW")
        {
            Description = "rows of the table, by their names (default: all)",
            Arity = ArgumentArity.ZeroOrMore,
        },
        static () => PublishedCheck.Names);

    private readonly Option<int> _jobs = new("--jobs")
    {
        HelpName = "N",
        Description = "simulations at a time (default: one per core)",
        CustomParser = static result =>
        {
            string text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int jobs)
                && jobs is >= 1 and <= MostJobs)
            {
                return jobs;
            }

            result.AddError($"--jobs {text}: a number from 1 to {MostJobs}");
            return 1;
        },
        DefaultValueFactory = static _ => Environment.ProcessorCount,
    };

    private readonly Option<string?> _document = new("--document")
    {
        HelpName = "FILE",
        Description = $"puts the table into this document, between {PublishedText.Begin} and {PublishedText.End}",
    };

    private CostsCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        CostsCommand costs = new(shell);
        DocumentedCommand check = new(
            "check", "Runs published measurements in the model and puts the figures side by side.", Page())
        {
            costs._rows, costs._jobs, costs._document,
        };
        check.SetAction((parsed, token) => Task.FromResult((int)costs.Check(parsed, token)));
        return new DocumentedCommand("costs", "Says what the costs of the model stand on.", new HelpPage
        {
            Examples =
            [
                new HelpExample("epc costs check", "Published measurements beside the model's figures"),
                new HelpExample("epc config costs", "The cost profiles that there are"),
            ],
            ExitCodes = StandardExitCodes.OfQueries,
            SeeAlso = ["docs/published.md", "config/costs: the profiles, each cost with its grade"],
        })
        {
            check,
        };
    }

    private ExitCode Check(ParseResult parsed, CancellationToken cancellation)
    {
        string[] rows = parsed.GetValue(_rows) ?? [];
        foreach (string row in rows.Where(row => !PublishedCheck.Names.Contains(row)))
        {
            throw CommandException.Usage(
                $"{row}: there is no such row{Suggestions.DidYouMeanOrStop(row, PublishedCheck.Names)} "
                    + "'epc costs check' shows all of them");
        }

        string? document = parsed.GetValue(_document);
        string? before = document is null ? null : Document(document, rows);
        _shell.RunBegins();
        Lock gate = new();
        PublishedReport report = new SearchDisplay(_shell, isQuiet: false).Follow(
            "measuring",
            progress => PublishedCheck.Measure(
                rows,
                parsed.GetRequiredValue(_jobs),
                text =>
                {
                    lock (gate)
                    {
                        progress?.Invoke(text);
                    }
                },
                cancellation));
        PublishedText.Write(_shell.Console, report);
        if (document is not null)
        {
            string after = PublishedText.Into(before!, report);
            StagedFiles.Write(document, stream => stream.Write(Encoding.UTF8.GetBytes(after)));
            _shell.Out.WriteLine($"wrote {document}");
        }

        return report.IsAsKnown ? ExitCode.Pass : ExitCode.Violation;
    }

    /// <summary>The document as it is, with all that could fail found out before a long run.</summary>
    private static string Document(string path, string[] rows)
    {
        if (rows.Length > 0)
        {
            throw CommandException.Usage("--document takes the whole table; leave the rows out");
        }

        OutputPath.RequireWritableFile("--document", path);
        string text = TextFiles.Read(path)
            ?? throw CommandException.Usage($"--document {path}: there is no such file");
        return PublishedText.HasPlace(text)
            ? text
            : throw CommandException.Usage(
                $"--document {path}: it has no line '{PublishedText.Begin}' with '{PublishedText.End}' behind it");
    }

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "Each row is a figure out of a publication and a scenario in config/published that comes to the same "
                + "figure: the cliff past the EPC, a swap storm, EDMM, preheating, measured heaps, random reads, the "
                + "other socket. A ratio beyond 1.5 has its reason below the table.",
            "The ratios are those of the table in docs/published.md as long as nothing changes the costs; else the "
                + "command names the rows that have moved.",
        ],
        Examples =
        [
            new("epc costs check", "All rows"),
            new("epc costs check cliff-104 edmm-page", "Two of them"),
            new("epc costs check --document docs/published.md", "The table in the document, written again"),
        ],
        ExitCodes =
        [
            (ExitCode.Pass, "all ratios are what they were"),
            (ExitCode.Violation, "a ratio has moved out of its tolerance"),
            (ExitCode.Usage, "a mistake in the command line"),
            (ExitCode.EmulatorError, "an error in epc itself"),
            (ExitCode.OutputError, "the document could not be written"),
        ],
        SeeAlso = ["docs/published.md: the table", "config/costs: the profiles, each cost with its grade"],
    };
}
