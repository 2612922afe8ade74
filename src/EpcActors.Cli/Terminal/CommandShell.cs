using EpcActors.Cli.Engines;
using EpcActors.Scenarios.Configuration;
using Spectre.Console;

namespace EpcActors.Cli.Terminal;

/// <summary>
/// All that the command may touch of the outside: where it writes, what the terminal can do, the clock, the engines. A
/// test makes one of its own.
/// </summary>
internal sealed class CommandShell : IAsyncDisposable
{
    private const int RedirectedColumns = 120;

    private readonly bool _ownsOut;

    private CommandShell(TextWriter output, TextWriter error, bool ownsOut)
    {
        Out = new PrintableWriter(output);
        Error = new PrintableWriter(error);
        _ownsOut = ownsOut;
        Console = PlainConsole(Out);
        ErrorConsole = PlainConsole(Error);
    }

    /// <summary>Results.</summary>
    public TextWriter Out { get; }

    /// <summary>Errors, progress, and the report when the results are a document.</summary>
    public TextWriter Error { get; }

    /// <summary>The same as <see cref="Out"/> for tables and reports.</summary>
    public IAnsiConsole Console { get; init; }

    /// <summary>The same as <see cref="Error"/> for tables and reports.</summary>
    public IAnsiConsole ErrorConsole { get; init; }

    /// <summary>True when a person watches standard error, and lines of it can be drawn over.</summary>
    public bool ShowsLiveProgress { get; init; }

    /// <summary>How the replay command is quoted.</summary>
    public ShellDialect Dialect { get; init; } =
        OperatingSystem.IsWindows() ? ShellDialect.PowerShell : ShellDialect.Posix;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Called when a run begins.</summary>
    public Action RunBegins { get; set; } = () => { };

    /// <summary>
    /// What a second Ctrl-C does before it ends this process: processes that this one has started must not outlive it.
    /// </summary>
    public Action EndAtOnce { get; set; } = () => { };

    /// <summary>Where scenarios come from.</summary>
    public ConfigEnvironment Configuration { get; init; } = ConfigEnvironment.Default;

    public EngineRegistry Engines { get; init; } = EngineRegistry.All();

    /// <summary>The shell of this process.</summary>
    public static CommandShell OfProcess()
    {
        bool isOutRedirected = System.Console.IsOutputRedirected;
        bool isErrorRedirected = System.Console.IsErrorRedirected;
        bool hasColour = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

        // Files and pipes get UTF-8 whatever the terminal speaks: JSON and HTML are read by programs.
        TextWriter output = isOutRedirected
            ? StandardOutputStream.Writer()
            : System.Console.Out;
        TextWriter error = new SilentWriter(System.Console.Error);
        IAnsiConsole errorConsole = isErrorRedirected
            ? PlainConsole(new PrintableWriter(error))
            : TerminalConsole(error, hasColour);
        return new CommandShell(output, error, ownsOut: isOutRedirected)
        {
            Console = isOutRedirected ? PlainConsole(new PrintableWriter(output)) : TerminalConsole(output, hasColour),
            ErrorConsole = errorConsole,
            ShowsLiveProgress =
                !isErrorRedirected && errorConsole.Profile.Capabilities is { Ansi: true, Interactive: true },
        };
    }

    /// <summary>A shell that writes plain text to two writers.</summary>
    public static CommandShell Plain(
        TextWriter output,
        TextWriter error,
        EngineRegistry? engines = null,
        TimeProvider? clock = null) =>
        new(output, error, ownsOut: false)
        {
            Engines = engines ?? EngineRegistry.All(),
            Clock = clock ?? TimeProvider.System,
        };

    /// <summary>
    /// A shell that writes plain results and shows live progress on a console that can be drawn over.
    /// </summary>
    public static CommandShell Terminal(
        TextWriter output, TextWriter error, IAnsiConsole errorConsole, EngineRegistry engines, TimeProvider clock) =>
        new(output, error, ownsOut: false)
        {
            ErrorConsole = errorConsole,
            ShowsLiveProgress = true,
            Engines = engines,
            Clock = clock,
        };

    public async ValueTask DisposeAsync()
    {
        if (_ownsOut)
        {
            await Out.DisposeAsync();
        }
    }

    private static IAnsiConsole TerminalConsole(TextWriter writer, bool hasColour) =>
        AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Out = new AnsiConsoleOutput(writer),
                Ansi = AnsiSupport.Detect,
                ColorSystem = hasColour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            });

    private static IAnsiConsole PlainConsole(TextWriter writer)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,

            // Build servers announce colours even where output is a file.
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Profile.Width = RedirectedColumns;
        console.Profile.Capabilities.Unicode = true;
        return console;
    }
}
