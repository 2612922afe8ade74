using System.Diagnostics;
using System.Xml.Linq;

namespace EpcActors.Planted;

/// <summary>Result of one defect.</summary>
/// <param name="Defect">The defect; null for the tree as it is.</param>
/// <param name="Broken">The rules that broke, each as often as it was found.</param>
/// <param name="Failure">Why nothing is known: it does not build, or the suite did not end.</param>
internal sealed record Outcome(Defect? Defect, IReadOnlyList<Broken> Broken, string? Failure = null);

/// <summary>
/// A copy of the tree in <c>artifacts/planted</c>, built once. A defect changes one or two files of it, so only their
/// projects are compiled again, without analyzers and by the compiler
/// that is running already; the suite then runs in a process of its own on the changed assemblies.
/// </summary>
internal sealed class Workshop
{
    private const string Project = "EpcActors.Planted";
    private static readonly TimeSpan MostBuilding = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan MostRunning = TimeSpan.FromMinutes(15);

    private static readonly string[] Means =
    [
        "-c", "Release", "--nologo", "-v", "q", "-p:RunAnalyzers=false", "-p:EnforceCodeStyleInBuild=false",
        "-p:TreatWarningsAsErrors=false", "-p:NuGetAudit=false",
    ];

    private readonly IReadOnlyList<string> _projects;
    private readonly string _tree;
    private readonly string _results;
    private readonly Action<string> _tell;

    /// <param name="root">The repository.</param>
    /// <param name="tell">Told what is done.</param>
    public Workshop(string root, Action<string> tell)
    {
        Root = root;
        _tree = Path.Combine(root, "artifacts", "planted");
        _results = Path.Combine(_tree, "broken.txt");
        _tell = tell;
        List<string> projects = [];
        AddReferences(projects, Path.Combine(root, "tests", Project, $"{Project}.csproj"));
        _projects = projects;
    }

    public string Root { get; }

    /// <summary>Projects that the suite needs, as the project files say: each behind those that it refers to.</summary>
    public IReadOnlyList<string> Projects => _projects;

    private string Output(string project) => Path.Combine(_tree, "artifacts", "bin", project, "release");

    /// <summary>Copies the sources as they are now and builds them.</summary>
    /// <exception cref="DefectException">when they do not build.</exception>
    public void Open()
    {
        _tell($"copying the tree to {Path.GetRelativePath(Root, _tree)}");
        foreach (string file in Directory.EnumerateFiles(Root).Where(IsOfBuild))
        {
            Copy(file);
        }

        // What a run that was stopped has built may have its defect in, and is newer than the sources.
        string built = Path.Combine(_tree, "artifacts");
        if (Directory.Exists(built))
        {
            Directory.Delete(built, recursive: true);
        }

        List<string> folders = ["config", $"tests/{Project}", .. _projects.Select(project => $"src/{project}")];
        foreach (string folder in folders)
        {
            string target = Path.Combine(_tree, folder);
            if (Directory.Exists(target))
            {
                Directory.Delete(target, recursive: true);
            }

            string source = Path.Combine(Root, folder);
            foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
            {
                Copy(file);
            }
        }

        _tell("building it once");
        if (Build(Path.Combine("tests", Project), []) is { } errors)
        {
            throw new DefectException($"the tree does not build:\n{errors}");
        }
    }

    /// <summary>Plants a defect, builds what it changes, runs the suite, and takes the defect out again.</summary>
    /// <param name="defect">The defect; null for none.</param>
    public Outcome Judge(Defect? defect)
    {
        if (defect is null)
        {
            return Run(null);
        }

        IReadOnlyDictionary<string, string> changed = defect.Apply(_tree);
        Dictionary<string, string> before =
            changed.Keys.ToDictionary(file => file, file => File.ReadAllText(Path.Combine(_tree, file)));
        try
        {
            string? errors = Write(changed);
            return errors is null ? Run(defect) : new Outcome(defect, [], $"does not build:\n{errors}");
        }
        finally
        {
            Write(before);
        }
    }

    /// <summary>Writes files and builds their projects.</summary>
    /// <returns>What the compiler says; null when all is well.</returns>
    private string? Write(IReadOnlyDictionary<string, string> files)
    {
        foreach ((string file, string text) in files)
        {
            File.WriteAllText(Path.Combine(_tree, file), text);
        }

        foreach (string project in _projects)
        {
            if (!files.Keys.Any(file => file.StartsWith($"src/{project}/", StringComparison.Ordinal)))
            {
                continue;
            }

            if (Build(Path.Combine("src", project), ["--no-restore", "--no-dependencies"]) is { } errors)
            {
                return errors;
            }

            string assembly = $"{project}.dll";
            string target = Path.Combine(Output(Project), assembly);
            File.Copy(Path.Combine(Output(project), assembly), target, overwrite: true);
        }

        return null;
    }

    private Outcome Run(Defect? defect)
    {
        File.Delete(_results);
        string suite = Path.Combine(Output(Project), $"{Project}.dll");
        (int code, string text) = Execute([suite, "judge", _tree, _results], MostRunning, _tell);
        return code == 0 && File.Exists(_results)
            ? new Outcome(defect, [.. File.ReadAllLines(_results).Select(Read)])
            : new Outcome(defect, [], code < 0 ? $"the suite did not end within {MostRunning.TotalMinutes} "
                + "minutes" : $"the suite failed ({code}):\n{text}");
    }

    /// <summary>Writes a broken rule in the suite's process; the other process reads it.</summary>
    public static string Write(Broken broken) =>
        string.Join('\t', broken.Rule, broken.Where, broken.Detail.ReplaceLineEndings(" ").Replace('\t', ' '));

    private static Broken Read(string line)
    {
        string[] parts = line.Split('\t');
        return new Broken(parts[0], parts[1], parts[2]);
    }

    private string? Build(string project, IReadOnlyList<string> more)
    {
        (int code, string text) = Execute(["build", project, .. Means, .. more], MostBuilding, null);
        return code == 0 ? null : text;
    }

    private (int Code, string Text) Execute(IReadOnlyList<string> arguments, TimeSpan most, Action<string>? tell)
    {
        ProcessStartInfo start = new("dotnet", arguments)
        {
            WorkingDirectory = _tree,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        List<string> text = [];
        void Take(string? line)
        {
            if (line is null)
            {
                return;
            }

            lock (text)
            {
                text.Add(line);
            }

            tell?.Invoke(line);
        }

        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(most))
        {
            process.Kill(entireProcessTree: true);
            return (-1, "");
        }

        process.WaitForExit();
        lock (text)
        {
            return (process.ExitCode, string.Join('\n', text));
        }
    }

    private static bool IsOfBuild(string file) =>
        Path.GetFileName(file) is "global.json" or "BannedSymbols.txt" or ".editorconfig" or "EpcActors.sln"
        || Path.GetFileName(file).StartsWith("Directory.", StringComparison.Ordinal)
        || Path.GetFileName(file).Equals("nuget.config", StringComparison.OrdinalIgnoreCase);

    private void Copy(string file)
    {
        string target = Path.Combine(_tree, Path.GetRelativePath(Root, file));
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(file, target, overwrite: true);
    }

    private static void AddReferences(List<string> projects, string projectFile)
    {
        foreach (XElement reference in XDocument.Load(projectFile).Descendants("ProjectReference"))
        {
            string path = Path.Combine(Path.GetDirectoryName(projectFile)!, reference.Attribute("Include")!.Value);
            string name = Path.GetFileNameWithoutExtension(path);
            if (!projects.Contains(name))
            {
                AddReferences(projects, path);
                projects.Add(name);
            }
        }
    }
}
