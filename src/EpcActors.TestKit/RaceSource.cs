using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Races;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.TestKit;

/// <summary>Source of a race: a file or a draft.</summary>
internal sealed class RaceSource
{
    private const string KernelKey = "epc.kernel";

    private readonly string _name;
    private readonly string? _file;
    private readonly string _text;
    private readonly RaceDraft? _draft;

    private RaceSource(string name, string? file, string text, RaceDraft? draft)
    {
        _name = name;
        _file = file;
        _text = text;
        _draft = draft;
    }

    /// <summary>Text that schedules carry; empty when part of the race is code.</summary>
    public string FileText => _draft is { HasCode: true } ? "" : TextWithVariants([]);

    public static RaceSource Of(RaceDraft draft, string name) => new(name, null, "", draft);

    public static RaceSource OfText(string text, string name) => new(name, null, text, null);

    public static RaceSource OfFile(string path)
    {
        string file = Find(path, File.Exists);
        return new RaceSource(Path.GetFileNameWithoutExtension(file), file, (TextFiles.Read(file) ?? ""), null);
    }

    public static RaceSource OfCatalogue(string id)
    {
        string file = Catalogue.FileOf(id)
            ?? throw new RaceDefinitionException(
                $"there is no race '{id}' in the catalogue; there are {string.Join(", ", Catalogue.Ids)}");
        return new RaceSource(id, file, Catalogue.TextOf(file), null);
    }

    /// <summary>A path from the current folder or from that of the test assembly.</summary>
    /// <exception cref="RaceDefinitionException">There is nothing.</exception>
    public static string Find(string path, Func<string, bool> exists)
    {
        string below = Path.Combine(AppContext.BaseDirectory, path);
        return exists(path) ? path : exists(below) ? below
            : throw new RaceDefinitionException(
                $"there is no {path}, neither from the current folder nor below {AppContext.BaseDirectory}; "
                    + "a file that lies with the tests must be copied to the output, <None Include=\"…\" "
                    + "CopyToOutputDirectory=\"PreserveNewest\" />");
    }

    /// <summary>Settings that make one kernel of another.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Difference(KernelSwitches before, KernelSwitches after) =>
        SwitchKeys.All.Where(key => key.ValueOf(before) != key.ValueOf(after))
            .Select(key => new KeyValuePair<string, string>($"epc.switches.{key.Key}", key.ValueOf(after)));

    public RaceDefinition Load(string variant, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        RaceDefinition race = _file is not null
            ? RaceFile.Load(_file, variant, settings)
            : _draft is null ? RaceFile.LoadText(_text, variant, settings) : LoadDraft(variant, settings);
        race = _draft is null ? race : _draft.AddCode(race);

        // A text has no name of its own; a schedule of it must still say whose it is.
        return race.Id.Length > 0 && race.Id != Path.GetFileNameWithoutExtension(RaceFile.TextName)
            ? race
            : race with
            {
                Id = _name,
            };
    }

    /// <summary>For errors in a race that was made in code: the lines that they speak of.</summary>
    public string Excerpt()
    {
        if (_draft is null)
        {
            return "";
        }

        string[] lines = TextWithVariants([]).TrimEnd().Split('\n');
        return $"\nThe race as a file:\n{string.Join('\n', lines.Select((line, i) => $"{i + 1,4}  {line}"))}";
    }

    /// <exception cref="RaceDefinitionException">Code of the race did something wrong.</exception>
    public void ThrowIfWrong()
    {
        _draft?.Mistakes.ThrowIfAny();
        foreach (CapturedValues captured in _draft?.Captured ?? [])
        {
            captured.ThrowIfChanged();
        }
    }

    /// <summary>
    /// The kernel of a race in code is part of the race: its variants change switches of that kernel. As a setting it
    /// would win over them, as <c>--set epc.kernel</c> does.
    /// </summary>
    private RaceDefinition LoadDraft(string variant, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        string text = TextWithVariants(settings);
        foreach ((string key, string kernel) in settings.Where(one => one.Key == KernelKey))
        {
            text += $"\n{key} = {kernel}\n";
        }

        return RaceFile.LoadText(text, variant, [.. settings.Where(one => one.Key != KernelKey)]);
    }

    /// <summary>
    /// A draft says what is different in a variant by code; the file says it by switches, so they must be known first.
    /// </summary>
    private string TextWithVariants(IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        if (_draft is null)
        {
            return _text;
        }

        string plain = _draft.ToHocon(_name, []);
        if (_draft.Variants.Count == 0)
        {
            return plain;
        }

        KernelSwitches switches = RaceFile.LoadText(plain, null, settings).Scenario.Switches;
        return _draft.ToHocon(
            _name,
            [
                .. _draft.Variants.Select(one =>
                    (
                        one.Name,
                        (IReadOnlyList<string>)
                            [
                                .. Difference(switches, one.Change(switches))
                                    .Select(setting => $"{setting.Key["epc.".Length..]} = {setting.Value}"),
                            ])),
            ]);
    }
}
