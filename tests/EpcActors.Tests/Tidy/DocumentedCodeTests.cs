using System.Text.RegularExpressions;
using EpcActors.TestKit;

namespace EpcActors.Tests.Tidy;

/// <summary>
/// Code in docs/writing-race-tests.md is code of the example project, or of the example for Akka.NET, which compile and
/// run. Its project file is used by <see cref="Packaging.PackageTests"/>. C# in docs/akka.md is code of the tests of
/// the engine on Akka.NET. Those also run its scenario and compare its table of actors.
/// </summary>
public sealed partial class DocumentedCodeTests
{
    private const string Document = "docs/writing-race-tests.md";
    private const string Example = "tests/EpcActors.TestKit.Example/";

    private const string FirstExample = "docs/first-example.md";
    private const string FirstExampleSource = Example + "TwoControllersTests.cs";

    private const string AkkaDocument = "docs/akka.md";
    private const string AkkaTests = "tests/EpcActors.Engine.Akka.Tests/";
    private const string AkkaExample = AkkaTests + "LiveActorsExample.cs";

    private static readonly Dictionary<string, string> Sources = new(StringComparer.Ordinal)
    {
        ["csharp"] = ".cs",
        ["hocon"] = ".conf",
        ["schedule"] = ".schedule",
        ["xml"] = ".csproj",
    };

    public static TheoryData<string, int> Blocks
    {
        get
        {
            TheoryData<string, int> blocks = [];
            string project = ProjectFile;
            foreach (Match block in CodeBlock().Matches(Repository.Text(Document)))
            {
                if (block.Groups[2].Value == project)
                {
                    continue;
                }

                blocks.Add(block.Groups[1].Value, block.Index);
            }

            return blocks;
        }
    }

    /// <summary>The project file that the document shows: the whole of it, for tests outside the repository.</summary>
    internal static string ProjectFile =>
        CodeBlock()
            .Matches(Repository.Text(Document))
            .Select(block => block.Groups[2].Value)
            .Single(text => text.StartsWith("<Project ", StringComparison.Ordinal));

    /// <summary>Blocks of a language in a document.</summary>
    internal static IEnumerable<string> BlocksOf(string document, string language) =>
        CodeBlock().Matches(document).Where(block => block.Groups[1].Value == language)
            .Select(block => block.Groups[2].Value);

    [Theory, MemberData(nameof(Blocks))]
    public void A_block_stands_in_the_example_word_for_word(string language, int at)
    {
        string block = CodeBlock().Match(Repository.Text(Document), at).Groups[2].Value;
        if (language == "text")
        {
            string schedule = Path.Combine(Repository.Root, Example, "schedules/limit-resized.schedule");
            Assert.Contains(block, RaceTest.Replay(schedule).Listing, StringComparison.Ordinal);
            return;
        }

        Assert.True(
            Sources.TryGetValue(language, out string? extension),
            $"{Document}: a block of {language} is held by no test");
        string[] files =
        [
            .. Repository
                .FilesOf(extension)
                .Where(file => file.StartsWith(Example, StringComparison.Ordinal) || file == AkkaExample),
        ];
        Assert.True(
            Array.Exists(files, file => Repository.Text(file).Contains(block, StringComparison.Ordinal)),
            $"{Document}: in no {extension} of {Example}:\n{block}");
    }

    [Fact]
    public void Code_for_Akka_people_stands_in_the_tests_of_the_engine_word_for_word()
    {
        string[] code =
        [
            .. Repository.FilesOf(".cs").Where(file => file.StartsWith(AkkaTests, StringComparison.Ordinal))
                .Select(Repository.Text),
        ];
        string[] blocks =
        [
            .. CodeBlock().Matches(Repository.Text(AkkaDocument)).Where(block => block.Groups[1].Value == "csharp")
                .Select(block => block.Groups[2].Value),
        ];
        Assert.NotEmpty(blocks);
        Assert.All(
            blocks,
            block => Assert.True(Array.Exists(code, one => one.Contains(block, StringComparison.Ordinal)), block));
    }

    [Fact]
    public void The_first_example_shows_the_whole_of_its_file()
    {
        string source = Repository.Text(FirstExampleSource);
        string[] blocks =
        [
            .. CodeBlock().Matches(Repository.Text(FirstExample)).Select(block => block.Groups[2].Value.TrimEnd('\n')),
        ];
        Assert.All(blocks, block => Assert.Contains(block, source, StringComparison.Ordinal));

        // What no block shows is the frame: namespace, class, braces, the comment.
        int shown = blocks.Sum(block => block.Split('\n').Count(line => line.Trim().Length > 1));
        int all = source.Split('\n').Count(line => line.Trim().Length > 1);
        Assert.InRange(all - shown, 0, 6);
    }

    [Fact]
    public void There_are_blocks() => Assert.InRange(Blocks.Count, 10, 100);

    [GeneratedRegex(@"^```(\w+)\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CodeBlock();
}
