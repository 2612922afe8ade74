using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace EpcActors.Tests.Tidy;

/// <summary>
/// Lints the repository. A rule with exceptions lists them here; the lists may only shrink, and an entry that is not
/// needed any more fails too.
/// </summary>
public sealed partial class TidyTests
{
    private const int MostLines = 500;

    /// <summary>Arms that catch every other member of a domain enum, by file: how many such switches it has.</summary>
    private static readonly Dictionary<string, int> CatchAllArms = new(StringComparer.Ordinal)
    {
        ["src/EpcActors.Kernel/Routines/Virt.cs"] = 1,
        ["src/EpcActors.Hocon/Syntax/HoconParser.cs"] = 1,
    };

    /// <summary>Public types without a documentation comment, by file.</summary>
    private static readonly Dictionary<string, int> Undocumented = new(StringComparer.Ordinal)
    {
        ["src/EpcActors.Kernel/Enclaves/EnclaveProtocol.cs"] = 1,
        ["src/EpcActors.Kernel/Memory/MemoryCgroup.cs"] = 1,
        ["src/EpcActors.Kernel/VirtualEpcs/VirtualEpc.cs"] = 1,
        ["src/EpcActors.Results/RunReport.cs"] = 1,
    };

    /// <summary>Files that need an absolute path: what a home directory is.</summary>
    private static readonly string[] AbsolutePaths =
    [
        "tests/EpcActors.Hocon.Tests/SubstitutionTests.cs",
        "tests/EpcActors.Tests/Tidy/TidyTests.cs",
    ];

    /// <summary>References of each project, as the picture in docs/code.md shows them.</summary>
    private static readonly Dictionary<string, string[]> References = ReadReferences();

    /// <summary>
    /// But for the catalogue of races, which a command writes: as many sections as there are races; and for the
    /// reference of the configuration, which has every key.
    /// </summary>
    [Fact]
    public void No_file_is_longer_than_five_hundred_lines() => AssertNone(Repository
        .FilesOf(".cs", ".conf", ".md", ".css", ".js", ".ps1")
        .Where(f => f is not ("docs/races.md" or "config/reference.conf") && Repository.Lines(f).Length > MostLines));

    [Fact]
    public void No_line_is_longer_than_120_columns() => AssertNone(Repository
        .FilesOf(".cs")
        .SelectMany(file => Repository.Lines(file)
            .Select((line, i) => (Line: line, Place: $"{file}:{i + 1}"))
            .Where(one => one.Line.Length > 120)
            .Select(one => one.Place)));

    [Fact]
    public void Nothing_is_left_to_do_without_a_number() =>
        AssertNone(Find(ToDo(), ".cs", ".conf", ".md", ".props", ".csproj", ".ps1", ".css", ".js"));

    [Fact]
    public void There_are_no_regions() => AssertNone(Find(Region(), ".cs"));

    [Fact]
    public void A_switch_over_a_domain_enum_names_every_member()
    {
        HashSet<string> enums = [.. Repository.FilesOf(".cs").Where(f => f.StartsWith("src/", StringComparison.Ordinal))
            .SelectMany(f => EnumDeclaration().Matches(Repository.Text(f))).Select(m => m.Groups[1].Value)];
        Assert.Contains("EnclavePageState", enums);
        AssertListed(
            CatchAllArms,
            Repository.FilesOf(".cs").Where(f => f.StartsWith("src/", StringComparison.Ordinal)),
            f => CatchAllsIn(Repository.Text(f), enums));
    }

    [Theory]
    [InlineData("int a = x switch\n{\n    Color.Red => 1,\n    _ => 2,\n};", 1)]
    [InlineData("int a = x switch\n{\n    Color.Red => 1,\n    Color.Blue => 2,\n};", 0)]
    [InlineData("int a = x switch { Color.Red or Color.Blue => 1, _ => throw y };", 1)]
    [InlineData("int a = x switch { \"red\" => Color.Red, _ => Color.Blue };", 0)]
    [InlineData("int a = x switch { 1 => y switch { Color.Red => 1, Color.Blue => 2 }, _ => 3 };", 0)]
    public void Catch_all_arms_are_found(string text, int count) => Assert.Equal(count, CatchAllsIn(text, ["Color"]));

    [Fact]
    public void Tests_do_not_sleep() =>
        AssertNone(Find(Sleep(), ".cs").Where(f => f.StartsWith("tests/", StringComparison.Ordinal)));

    [Fact]
    public void Projects_refer_to_each_other_in_one_direction_only()
    {
        foreach (
            string file in Repository.FilesOf(".csproj").Where(f => f.StartsWith("src/", StringComparison.Ordinal)))
        {
            string project = Path.GetFileNameWithoutExtension(file);
            XDocument xml = XDocument.Parse(Repository.Text(file));
            string[] actual =
            [
                .. xml.Descendants("ProjectReference")
                    .Select(r => Path.GetFileNameWithoutExtension(((string)r.Attribute("Include")!).Replace('\\', '/')))
                    .Order(StringComparer.Ordinal),
            ];
            if (project == "EpcActors.Cli")
            {
                Assert.All(actual, r => Assert.Contains(r, References.Keys));
                continue;
            }

            Assert.True(
                References.TryGetValue(project, out string[]? expected),
                $"{project} has no place in the layout: say here what it may refer to");
            Assert.True(
                expected.SequenceEqual(actual),
                $"{project} refers to {string.Join(", ", actual)}; the layout says {string.Join(", ", expected)}");
        }
    }

    [Fact]
    public void Only_the_engine_on_akka_the_cluster_and_the_kit_for_akka_refer_to_akka() =>
        AssertNone(Find(Akka(), ".csproj").Where(f =>
            !f.Contains("Engine.Akka", StringComparison.Ordinal)
            && !f.Contains("TestKit.Akka", StringComparison.Ordinal)
            && !f.StartsWith("src/EpcActors.Cluster/", StringComparison.Ordinal)));

    /// <summary>
    /// Akka.NET is a plain dependency: no project leaves its files out, and a missing package is a restore error.
    /// </summary>
    [Fact]
    public void The_engine_on_akka_is_in_every_build()
    {
        string[] packages = ["Akka", "Akka.Cluster", "Akka.Persistence", "Akka.TestKit.Xunit2"];
        string[] used =
        [
            .. Repository
                .FilesOf(".csproj")
                .SelectMany(f => Included(f, "PackageReference"))
                .Where(p => p.StartsWith("Akka", StringComparison.Ordinal)),
        ];
        Assert.Equal(packages, used.Distinct().Order(StringComparer.Ordinal));
        AssertNone(Find(ConditionOnAkka(), ".csproj", ".props", ".targets"));
        AssertNone(Find(Conditional(), ".cs").Where(f => f.Contains("AKKA", StringComparison.Ordinal)));
        string versions = Repository.Text("Directory.Packages.props");
        Assert.Contains("<AkkaVersion>1.5.", versions, StringComparison.Ordinal);
        Assert.All(packages, p =>
            Assert.Contains(
                $"<PackageVersion Include=\"{p}\" Version=\"$(AkkaVersion)\"", versions, StringComparison.Ordinal));
    }

    [Fact]
    public void Deterministic_layers_have_their_list_of_banned_symbols()
    {
        string props = Repository.Text("Directory.Build.props");
        foreach (
            string project in (string[])
                ["EpcActors.Kernel", "EpcActors.Engine", "EpcActors.Engine.Simulation", "EpcActors.Exploration"])
        {
            Assert.Contains($"== '{project}'", props, StringComparison.Ordinal);
        }

        Assert.Contains("BannedSymbols.txt", props, StringComparison.Ordinal);
        Assert.Contains(
            "dotnet_diagnostic.RS0030.severity = error",
            Repository.Text(".editorconfig"),
            StringComparison.Ordinal);
        Assert.Contains(
            "T:System.Diagnostics.Stopwatch;",
            Repository.Text("BannedSymbols.txt"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Deterministic_layers_have_no_locks_and_no_volatile_fields() =>
        AssertNone(Find(LockOrVolatile(), ".cs").Where(f => DeterministicLayer().IsMatch(f)));

    [Fact]
    public void Decisions_have_numbers_of_their_own()
    {
        string[] decisions =
        [
            .. Repository
                .FilesOf(".md")
                .Where(f =>
                    f.StartsWith("docs/decisions/", StringComparison.Ordinal)
                    && !f.EndsWith("README.md", StringComparison.Ordinal)),
        ];
        Assert.NotEmpty(decisions);
        Assert.All(decisions, d => Assert.Matches(DecisionName(), d));
        AssertNone(
            decisions
                .GroupBy(d => Path.GetFileName(d)[..4])
                .Where(g => g.Count() > 1)
                .Select(g => string.Join(" and ", g)));
    }

    [Fact]
    public void A_decision_is_at_most_a_page() => AssertNone(Repository
        .FilesOf(".md")
        .Where(f => DecisionName().IsMatch(f) && Repository.Lines(f).Length > 60));

    [Fact]
    public void No_file_names_a_machine_a_user_or_a_registry() =>
        AssertNone(
            Find(MachineOrRegistry(), [.. Repository.Files.Select(Path.GetExtension).Distinct().OfType<string>()])
                .Where(f => !AbsolutePaths.Contains(f.Split(':')[0])));

    [Theory]
    [InlineData("in /home/somebody/src", true)]
    [InlineData(@"C:\Users\somebody", true)]
    [InlineData("https://registry.example.org/artifactory/nuget", true)]
    [InlineData("cgroup /pods/a, dev/sgx_enclave and ./home/a", false)]
    public void Machines_and_registries_are_found(string text, bool isFound) =>
        Assert.Equal(isFound, MachineOrRegistry().IsMatch(text));

    [Fact]
    public void Builds_do_not_look_at_the_clock() =>
        AssertNone(Find(ClockInMsBuild(), ".props", ".targets", ".csproj"));

    [Fact]
    public void Every_configuration_file_is_embedded_or_read_by_a_test()
    {
        string[] embedded =
        [
            .. Repository
                .FilesOf(".csproj")
                .SelectMany(f => XDocument.Parse(Repository.Text(f)).Descendants("EmbeddedResource"))
                .Select(e => ((string?)e.Attribute("Include") ?? "").Replace('\\', '/'))
                .Where(i => i.Contains("config/", StringComparison.Ordinal))
                .Select(i =>
                    "^"
                    + Regex.Escape(i[i.IndexOf("config/", StringComparison.Ordinal)..]).Replace(@"\*", "[^/]*")
                    + "$"),
        ];
        string tests = string.Concat(
            Repository
                .FilesOf(".cs")
                .Where(f =>
                    f.StartsWith("tests/", StringComparison.Ordinal) && !f.Contains("/Tidy/", StringComparison.Ordinal))
                .Select(Repository.Text));
        AssertNone(
            Repository
                .FilesOf(".conf")
                .Where(f => f.StartsWith("config/", StringComparison.Ordinal))
                .Where(f => !Array.Exists(embedded, e => Regex.IsMatch(f, e)))
                .Where(f =>
                    !tests.Contains(f, StringComparison.Ordinal)
                    && !tests.Contains(
                        DirectoryOf(f).Replace("/", "\", \"", StringComparison.Ordinal),
                        StringComparison.Ordinal)));
    }

    [Fact]
    public void Public_types_say_what_they_are() =>
        AssertListed(
            Undocumented,
            Repository.FilesOf(".cs").Where(f => f.StartsWith("src/", StringComparison.Ordinal)),
            UndocumentedIn);

    private static string[] Included(string project, string item) =>
        [
            .. XDocument
                .Parse(Repository.Text(project))
                .Descendants(item)
                .Select(i => (string?)i.Attribute("Include") ?? ""),
        ];

    private static string DirectoryOf(string file) => Path.GetDirectoryName(file)!.Replace('\\', '/');

    private static int UndocumentedIn(string file)
    {
        int count = 0;
        string[] lines = Repository.Lines(file);
        for (int i = 0; i < lines.Length; i++)
        {
            if (!PublicType().IsMatch(lines[i]))
            {
                continue;
            }

            int above = i - 1;
            while (above >= 0 && (lines[above].TrimStart().StartsWith('[') || lines[above].StartsWith('#')))
            {
                above--;
            }

            count += above >= 0 && lines[above].TrimStart().StartsWith("///", StringComparison.Ordinal) ? 0 : 1;
        }

        return count;
    }

    /// <summary>
    /// Switch expressions with an arm for a member of one of the enums and an arm for all others.
    /// </summary>
    private static int CatchAllsIn(string text, HashSet<string> enums)
    {
        int count = 0;
        foreach (Match match in SwitchExpression().Matches(text))
        {
            // The arms of this switch alone: what is nested in braces or parentheses belongs to another.
            int depth = 0;
            System.Text.StringBuilder arms = new();
            for (int i = match.Index + match.Length - 1; i < text.Length; i++)
            {
                char c = text[i];
                depth += c is '{' or '(' or '[' ? 1 : c is '}' or ')' or ']' ? -1 : 0;
                if (depth == 0)
                {
                    break;
                }

                if (depth == 1)
                {
                    arms.Append(c == '{' ? ',' : c);
                }
            }

            bool namesMember = ArmOfMember().Matches(arms.ToString()).Any(m => enums.Contains(m.Groups[1].Value));
            count += namesMember && CatchAll().IsMatch(arms.ToString()) ? 1 : 0;
        }

        return count;
    }

    private static IEnumerable<string> Find(Regex what, params string[] extensions)
    {
        foreach (string file in Repository.FilesOf(extensions))
        {
            string[] lines = Repository.Lines(file);
            for (int i = 0; i < lines.Length; i++)
            {
                if (what.IsMatch(lines[i]))
                {
                    yield return $"{file}:{i + 1}: {lines[i].Trim()}";
                }
            }
        }
    }

    private static void AssertListed(Dictionary<string, int> listed, IEnumerable<string> files, Func<string, int> count)
    {
        List<string> wrong = [];
        HashSet<string> seen = [];
        foreach (string file in files)
        {
            seen.Add(file);
            int found = count(file);
            int allowed = listed.GetValueOrDefault(file);
            if (found != allowed)
            {
                wrong.Add(
                    found > allowed
                        ? $"{file}: {found}, allowed {allowed}"
                        : $"{file}: only {found} left, the list here still allows {allowed}");
            }
        }

        wrong.AddRange(listed.Keys.Where(f => !seen.Contains(f)).Select(f => $"{f}: gone, but still on the list here"));
        AssertNone(wrong);
    }

    private static void AssertNone(IEnumerable<string> findings)
    {
        string all = string.Join('\n', findings);
        Assert.True(all.Length == 0, all);
    }

    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|XX" + @"X)\b(?!\s*\(?(#\d+|\d{4}\b))")]
    private static partial Regex ToDo();

    [GeneratedRegex(@"^\s*#" + "(end)?region")]
    private static partial Regex Region();

    [GeneratedRegex(@"\b(Task\.De" + @"lay|Thread\.Sl" + @"eep)\b")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"\benum\s+(\w+)")]
    private static partial Regex EnumDeclaration();

    [GeneratedRegex(@"\bswitch\s*\{")]
    private static partial Regex SwitchExpression();

    [GeneratedRegex(@"(?:,|\bor)\s*(?:\w+\.)*?(\w+)\.\w+\s*(?:=>|\bor\b|\bwhen\b)")]
    private static partial Regex ArmOfMember();

    [GeneratedRegex(@",\s*_\s*=>")]
    private static partial Regex CatchAll();

    [GeneratedRegex(@"Include=""Akka")]
    private static partial Regex Akka();

    [GeneratedRegex(@"Condition=.*Akka", RegexOptions.IgnoreCase)]
    private static partial Regex ConditionOnAkka();

    [GeneratedRegex(@"^\s*#(el)?if\b")]
    private static partial Regex Conditional();

    [GeneratedRegex(@"^\s*(lock\s*\(|(\w+\s+)*volatile\s)")]
    private static partial Regex LockOrVolatile();

    [GeneratedRegex(@"^src/EpcActors\.(Kernel|Engine|Engine\.Simulation|Exploration)/")]
    private static partial Regex DeterministicLayer();

    [GeneratedRegex(@"^docs/decisions/\d{4}-[a-z0-9-]+\.md$")]
    private static partial Regex DecisionName();

    [GeneratedRegex(
        @"(^|[\s""'(=:])(/home/\w|/root/|/Users/\w|/[w]ork/\w|/tmp/\w|/var/tmp/)|[A-Za-z]:\\(Users|Work|src)"
            + @"|artifactory|jfrog|sonatype|pkgs\.dev\.azure\.com|nuget\.pkg\.github\.com")]
    private static partial Regex MachineOrRegistry();

    [GeneratedRegex(@"System\.DateTime|DateTime\]::|DateTimeOffset")]
    private static partial Regex ClockInMsBuild();

    [GeneratedRegex(
        @"^\s*public\s+(?:(?:static|sealed|abstract|readonly|partial|ref|unsafe)\s+)*"
            + @"(?:class|struct|interface|enum|record|delegate)\b")]
    private static partial Regex PublicType();

    /// <summary>
    /// Lines such as <c>Runs -> Engine, Kernel</c>; a project refers to those above it only, so that there is no
    /// cycle.
    /// </summary>
    private static Dictionary<string, string[]> ReadReferences()
    {
        string picture = ReferencePicture().Match(Repository.Text("docs/code.md")).Groups[1].Value;
        Dictionary<string, string[]> references = new(StringComparer.Ordinal);
        foreach (string line in picture.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = line.Split("->", StringSplitOptions.TrimEntries);
            string[] to = sides.Length == 1 ? [] : [.. sides[1].Split(", ").Select(name => $"EpcActors.{name}")];
            Assert.All(to, name => Assert.Contains(name, references.Keys));
            references.Add($"EpcActors.{sides[0]}", to);
        }

        return references;
    }

    [GeneratedRegex(@"```references\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex ReferencePicture();
}
