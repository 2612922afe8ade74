using System.Reflection;
using System.Text.RegularExpressions;
using EpcActors.Engine;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;
using EpcActors.Tests.Tidy;

namespace EpcActors.Tests.Kernel;

/// <summary>Each routine says once which kernel function it is; the table in docs/kernel-model.md agrees.</summary>
public sealed partial class LinuxNamesTests
{
    internal const BindingFlags AllMethods =
        BindingFlags.Static
        | BindingFlags.Instance
        | BindingFlags.Public
        | BindingFlags.NonPublic
        | BindingFlags.DeclaredOnly;

    private static IEnumerable<(string Type, string Name, LinuxAttribute? Linux)> Routines { get; } =
    [
        .. from type in typeof(NumaNode).Assembly.GetTypes()
        where type.Namespace == typeof(Main).Namespace && type != typeof(OneMachine)
        from method in type.GetMethods(AllMethods)
        where method.ReturnType.Name.StartsWith("Routine", StringComparison.Ordinal)
        select (type.Name, method.Name, method.GetCustomAttribute<LinuxAttribute>()),
    ];

    [Fact]
    public void Every_routine_of_the_kernel_says_which_function_it_is()
    {
        Assert.True(Routines.Count() > 90);
        Assert.Equal([], Routines.Where(r => r.Linux is null).Select(r => $"{r.Type}.{r.Name}"));
    }

    [Fact]
    public void The_document_and_the_routines_name_the_same_functions()
    {
        List<string> wrong = [];
        HashSet<string> told = [];
        foreach (string row in Table())
        {
            string[] cells = row.Split('|', StringSplitOptions.TrimEntries);
            List<string> functions = [.. Code().Matches(cells[1]).Select(match => match.Groups[1].Value)];
            List<string> files =
                [.. cells[2].Split(',', StringSplitOptions.TrimEntries).Select(file => Path.GetFileName(file))];
            told.UnionWith(functions);
            string type = "";
            foreach (Match code in Code().Matches(cells[3]))
            {
                string[] words = code.Groups[1].Value.Split('.');
                type = words.Length == 2 ? words[0] : type;
                foreach ((_, string name, LinuxAttribute? linux) in
                    Routines.Where(r => r.Type == type && r.Name == words[^1]))
                {
                    if (!files.Contains(linux!.File) || !functions.Contains(linux.Function))
                    {
                        wrong.Add($"{type}.{name} is {linux.File}: {linux.Function}, the row says {row}");
                    }
                }
            }
        }

        wrong.AddRange(
            from routine in Routines
            where !routine.Linux!.IsPart && !told.Contains(routine.Linux.Function)
            select $"no row for {routine.Linux!.File}: {routine.Linux.Function}, {routine.Type}.{routine.Name}");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static IEnumerable<string> Table() =>
        Repository
            .Lines("docs/kernel-model.md")
            .SkipWhile(line => !line.StartsWith("## Kernel function", StringComparison.Ordinal))
            .SkipWhile(line => !line.StartsWith("|---", StringComparison.Ordinal))
            .Skip(1)
            .TakeWhile(line => line.StartsWith('|'));

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
