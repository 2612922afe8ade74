using System.Diagnostics;
using System.Text.RegularExpressions;
using EpcActors.Tests.Conformance;
using EpcActors.Tests.Tidy;

namespace EpcActors.Tests.Packaging;

/// <summary>Packages of dotnet pack, used from outside the repository.</summary>
[Trait("tier", "slow")] // The SDK packs, installs and builds, in processes of its own.
public sealed partial class PackageTests : IDisposable
{
    private const string ToolPackage = "EpcActors.Tool";
    private const string Example = "tests/EpcActors.TestKit.Example/";

    private readonly string _folder = Directory.CreateTempSubdirectory("epc-packages").FullName;

    /// <summary>A version of its own: no package of an earlier run can stand in for one of these.</summary>
    private readonly string _version = $"0.1.0-test.{Guid.NewGuid():N}";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Packages_install_and_work_outside_the_repository()
    {
        string feed = At("feed");
        Dotnet(
            ShippedScenarios.Root,
            "pack",
            "EpcActors.sln",
            "-c",
            Configuration,
            "--no-build",
            "-o",
            feed,
            $"-p:Version={_version}",
            $"-p:PackageVersion={_version}",
            "-nodeReuse:false");
        foreach (
            string name in (string[])
                [
                    ToolPackage, "EpcActors.TestKit", "EpcActors.TestKit.Akka", "EpcActors.Hocon",
                    "EpcActors.Engine.Akka",
                ])
        {
            Assert.True(File.Exists(Path.Combine(feed, $"{name}.{_version}.nupkg")), $"{name} is not packed");
            Assert.True(File.Exists(Path.Combine(feed, $"{name}.{_version}.snupkg")), $"{name} has no symbols");
        }

        InstallTheTool(feed);
        UseTheTestKit(feed);
        FollowTheDocumentForAkka(feed);
    }

    private void InstallTheTool(string feed)
    {
        string config = Write("tool/nuget.config", SourcesOf(feed));
        string tools = At("tools");
        Dotnet(
            _folder,
            "tool",
            "install",
            ToolPackage,
            "--version",
            _version,
            "--tool-path",
            tools,
            "--configfile",
            config);

        string elsewhere = Directory.CreateDirectory(At("elsewhere")).FullName;
        string epc = Path.Combine(tools, OperatingSystem.IsWindows() ? "epc.exe" : "epc");
        string text = Run(elsewhere, epc, 0, "run", "config/quickstart.conf", "--quiet");

        Assert.StartsWith("pass: config/quickstart.conf: seed 42", text, StringComparison.Ordinal);
    }

    /// <summary>
    /// A stranger's test project: the project file of docs/writing-race-tests.md with the tests that it shows, alone in
    /// a folder outside the repository.
    /// </summary>
    private void UseTheTestKit(string feed)
    {
        Write("user/nuget.config", SourcesOf(feed));
        Write("user/Directory.Build.props", PropertiesOfTheUser);
        string project = DocumentedCodeTests.ProjectFile;
        Assert.Contains("\"EpcActors.TestKit\" Version=\"0.1.0\"", project, StringComparison.Ordinal);
        Write("user/User.csproj", project.Replace("\"0.1.0\"", $"\"{_version}\"", StringComparison.Ordinal));
        IEnumerable<string> files = Repository.FilesOf(".cs", ".conf", ".schedule");
        foreach (string file in files.Where(file => file.StartsWith(Example, StringComparison.Ordinal)))
        {
            Write(Path.Combine("user", file[Example.Length..]), Repository.Text(file));
        }

        string text = Dotnet(At("user"), "test", "-nodeReuse:false");

        Assert.Matches(@"Passed!\s+- Failed:\s+0, Passed:\s+[1-9]\d+, Skipped:\s+0", text);
        string restored = Path.Combine(At("restored"), "epcactors.testkit", _version);
        Assert.True(File.Exists(Path.Combine(restored, "README.md")));
        Assert.True(File.Exists(Path.Combine(restored, "lib", "net10.0", "EpcActors.TestKit.xml")));
    }

    /// <summary>
    /// docs/akka-races.md from its second step to its last, by its blocks alone: the test fails and prints what the
    /// document shows, the schedule is pinned, the actors are repaired.
    /// </summary>
    private void FollowTheDocumentForAkka(string feed)
    {
        string document = Repository.Text("docs/akka-races.md");
        string[] code = [.. DocumentedCodeTests.BlocksOf(document, "csharp")];
        string listing = DocumentedCodeTests.BlocksOf(document, "text").First().Split("\nThis line pins it")[0];
        string project = DocumentedCodeTests.BlocksOf(document, "xml").Single();
        Assert.Contains("\"EpcActors.TestKit.Akka\" Version=\"0.1.0\"", project, StringComparison.Ordinal);
        Write("akka/nuget.config", SourcesOf(feed));
        Write("akka/Directory.Build.props", PropertiesOfTheUser);
        Write("akka/Races.csproj", project.Replace("\"0.1.0\"", $"\"{_version}\"", StringComparison.Ordinal));
        Write("akka/CounterTests.cs", code[0]);
        Write("akka/Actors.cs", code[1]);

        string failed = Run(At("akka"), "dotnet", 1, "test", "-nodeReuse:false");

        Assert.Contains(listing, failed.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        string found = Directory
            .EnumerateFiles(At("akka"), "Both_updates_count.schedule", SearchOption.AllDirectories)
            .Single();
        Assert.True(File.Exists(Path.ChangeExtension(found, ".html")));
        Write("akka/schedules/Both_updates_count.schedule", File.ReadAllText(found));
        Write("akka/PinnedTests.cs", code[2]);
        string pinned = Run(At("akka"), "dotnet", 1, "test", "-nodeReuse:false");
        Assert.Matches(@"Failed!\s+- Failed:\s+1, Passed:\s+1, Skipped:\s+0", pinned);

        Write("akka/Actors.cs", code[3]);
        Write("akka/PinnedTests.cs", code[4]);
        string repaired = Dotnet(At("akka"), "test", "-nodeReuse:false");
        Assert.Matches(@"Passed!\s+- Failed:\s+0, Passed:\s+2, Skipped:\s+0", repaired);

        // It brings Akka.NET and the exploration, and no enclave.
        string[] brought =
        [
            .. OwnPackage().Matches(File.ReadAllText(At("akka/obj/project.assets.json")))
                .Select(one => one.Groups[1].Value),
        ];
        Assert.Equal(["Exploration", "TestKit.Akka"], brought.Distinct().Order(StringComparer.Ordinal));
    }

    private string PropertiesOfTheUser => $"""
        <Project>
          <PropertyGroup>
            <RestorePackagesPath>{At("restored")}</RestorePackagesPath>
            <RestoreFallbackFolders>{PackagesOfTheUser}</RestoreFallbackFolders>
          </PropertyGroup>
        </Project>
        """;

    /// <summary>release or debug: what these tests were built as is there to be packed.</summary>
    private static string Configuration =>
        Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)) switch
        {
            "release" => "Release",
            _ => "Debug",
        };

    private static string PackagesOfTheUser => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>The feed alone: what other packages need is in the folder of those that this build restored.</summary>
    private static string SourcesOf(string feed) => $"""
        <configuration>
          <packageSources>
            <clear />
            <add key="feed" value="{feed}" />
          </packageSources>
        </configuration>
        """;

    [GeneratedRegex("\"EpcActors\\.([\\w.]+)/")]
    private static partial Regex OwnPackage();

    private string At(string name) => Path.Combine(_folder, name);

    private string Write(string name, string text)
    {
        string path = At(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private static string Dotnet(string folder, params string[] arguments) =>
        Run(folder, "dotnet", 0, arguments);

    private static string Run(string folder, string program, int exitCode, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Those of the build that runs these tests are not meant for another one.
        foreach (
            string name in start
                .Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))
                .ToArray())
        {
            start.Environment.Remove(name);
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(
            process.ExitCode == exitCode,
            $"{program} {string.Join(' ', arguments)}: exit {process.ExitCode}\n{text}\n{error.Result}");
        return text;
    }
}
