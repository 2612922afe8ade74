using EpcActors.Hocon;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Configuration;

/// <summary>Loads scenarios from texts, with no file and no variable of the machine at hand.</summary>
internal static class Loading
{
    public const string File = "lab/test.conf";

    public static ConfigEnvironment Environment(string text, params (string Name, string Text)[] files)
    {
        Dictionary<string, string> texts = new() { [File] = text };
        foreach ((string name, string content) in files)
        {
            texts.Add(name, content);
        }

        return new ConfigEnvironment
        {
            Files = new HoconMemoryIncluder(texts),
            Variables = _ => null,
            OpenTrace = name => texts.TryGetValue(name, out string? content) ? new StringReader(content) : null,
        };
    }

    public static Scenario Load(string text, params string[] overrides) =>
        ScenarioLoader.Load(File, Overrides(overrides), null, Environment(text));

    public static LoadedScenario LoadWith(string text, params (string Name, string Text)[] files) =>
        ScenarioLoader.LoadWithNotes(File, [], null, Environment(text, files));

    /// <summary>The errors of a text, one string each.</summary>
    public static IReadOnlyList<string> Errors(string text, params string[] overrides) =>
        ErrorsOf(() => Load(text, overrides));

    public static IReadOnlyList<string> ErrorsWith(string text, params (string Name, string Text)[] files) =>
        ErrorsOf(() => LoadWith(text, files));

    /// <summary>An error at that place that speaks of all the words; the text has no other error.</summary>
    public static void OnlyError(string text, string place, params string[] words) => Only(Errors(text), place, words);

    /// <summary>As <see cref="OnlyError"/>; the place is marked in the text by <c>¦</c>.</summary>
    public static void OnlyErrorAtMark(string marked, string words, params (string Name, string Text)[] files)
    {
        const char Mark = '¦';
        string before = marked[..marked.IndexOf(Mark, StringComparison.Ordinal)];
        int line = before.Count(c => c == '\n') + 1;
        int column = before.Length - before.LastIndexOf('\n');
        string text = marked.Replace(Mark.ToString(), "", StringComparison.Ordinal);
        Only(ErrorsWith(text, files), $"{File}:{line}:{column}", words);
    }

    public static void Only(IReadOnlyList<string> errors, string place, params string[] words)
    {
        string error = Assert.Single(errors);
        Assert.StartsWith(place + ": ", error, StringComparison.Ordinal);
        foreach (string word in words)
        {
            Assert.Contains(word, error, StringComparison.Ordinal);
        }
    }

    public static IReadOnlyList<KeyValuePair<string, string>> Overrides(IEnumerable<string> settings)
    {
        List<KeyValuePair<string, string>> result = [];
        foreach (string setting in settings)
        {
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            result.Add(new KeyValuePair<string, string>(setting[..equals], setting[(equals + 1)..]));
        }

        return result;
    }

    /// <summary>A path in the repository, however deep the tests run in it.</summary>
    public static string RepositoryPath(string relative)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !System.IO.File.Exists(Path.Combine(folder.FullName, "EpcActors.sln")))
        {
            folder = folder.Parent;
        }

        Assert.NotNull(folder);
        return Path.Combine(folder.FullName, relative);
    }

    private static IReadOnlyList<string> ErrorsOf(Action load)
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(load);
        Assert.Equal(string.Join('\n', e.Errors), e.ToString());
        return [.. e.Errors.Select(error => error.ToString())];
    }
}
