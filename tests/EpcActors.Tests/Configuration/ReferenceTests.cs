using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Configuration;

/// <summary>
/// config/reference.conf against the binder: every key that is read is documented, every key that is documented is
/// read, and says the truth.
/// </summary>
public sealed partial class ReferenceTests
{
    /// <summary>
    /// Names in the reader's own list of keys, beside those of configurations; annotations have names of their own.
    /// </summary>
    private static readonly string[] NotConfiguration =
        ["kernel-file", "costs-file", "machine-file", "epc.cgroups.<path>.annotations.", "epc.expect-on."];

    [Fact]
    public void Every_key_that_is_read_is_documented()
    {
        SortedSet<string> documented = Documented();
        Assert.Equal([], ReadKeys().Except(documented));
    }

    [Fact]
    public void Every_key_that_is_documented_is_read()
    {
        SortedSet<string> read = ReadKeys();
        Assert.Equal([], Documented().Except(read));
    }

    [Fact]
    public void The_schema_has_the_keys_that_are_documented_and_no_others()
    {
        SortedSet<string> keys = new(StringComparer.Ordinal);
        Titles(JsonNode.Parse(ConfigurationSchema.Text())!, keys);

        Assert.Equal(Documented(), keys);
    }

    /// <summary>The title of each key in the schema is its path.</summary>
    private static void Titles(JsonNode node, SortedSet<string> keys)
    {
        IEnumerable<JsonNode?> all =
            node is JsonObject o ? o.Select(field => field.Value) : node is JsonArray list ? list : [];
        foreach (JsonNode? below in all)
        {
            if (below is JsonObject key && key["title"] is JsonValue words
                && words.GetValue<string>() is var title && title.StartsWith("epc.", StringComparison.Ordinal))
            {
                Assert.True(
                    key["description"] is not null || key["properties"] is not null, $"{title} has no description");
                keys.Add(Canonical(title));
            }

            if (below is JsonObject or JsonArray)
            {
                Titles(below, keys);
            }
        }
    }

    [Fact]
    public void Every_key_has_words_above_it()
    {
        // A key without a comment of its own must follow another key: then the comment above both speaks of both.
        string[] lines = ReferenceText().Split('\n');
        for (int i = 1; i < lines.Length; i++)
        {
            if (KeyLine().IsMatch(lines[i]) && !lines[i].Contains("epc {", StringComparison.Ordinal))
            {
                string above = lines[i - 1].Trim();
                bool isExplained = above.StartsWith('#') || KeyLine().IsMatch(lines[i - 1]);
                bool isGroup = lines[i].TrimEnd().EndsWith('{');
                Assert.True(isExplained || isGroup, $"reference.conf:{i + 1}: no comment above '{lines[i].Trim()}'");
            }
        }
    }

    [Fact]
    public void The_documented_switches_are_those_of_the_default_kernel()
    {
        Scenario scenario = Loading.Load("");
        HoconObject switches = (HoconObject)LayeredConfiguration.Reference().Require("epc.switches");
        Assert.Equal(SwitchKeys.All.Select(key => key.Key), switches.Keys);
        Assert.Equal(scenario.SwitchList.Select(s => s.Value), switches.Select(field => field.Value.AsString()));
        Assert.Equal(
            SwitchKeys.All.Select(key => key.ValueOf(new KernelSwitches())),
            switches.Select(field => field.Value.AsString()));
    }

    [Fact]
    public void The_documented_costs_are_those_of_the_default_profile()
    {
        HoconObject documented = (HoconObject)LayeredConfiguration.Reference().Require("epc.costs");
        HoconObject profile = HoconConfig
            .ParseText(BuiltInFiles.Read(BuiltInFiles.FileName("costs", documented.Require("profile").AsString()))!)
            .Resolve()
            .Root;
        foreach (string key in documented.Keys.Where(key => key != "profile"))
        {
            Assert.True(profile.TryGet(key, out HoconValue? value), $"the profile has no '{key}'");
            Assert.Equal(value, documented[key]);
        }

        Assert.Equal(
            CostBinder.Priced.Select(Activities.Key).Order(StringComparer.Ordinal),
            documented.Keys.Except(["profile", "clock", "remote", "mutex-spin"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_names_in_the_reference_exist()
    {
        string text = ReferenceText();
        foreach (WorkloadPreset preset in WorkloadPresets.All)
        {
            bool isNamed =
                text.Contains(preset.Name, StringComparison.Ordinal)
                || preset.Name is "ycsb-b" or "ycsb-c" or "ycsb-d" or "ycsb-e";
            Assert.True(isNamed, $"the reference does not name the preset {preset.Name}");
        }

        foreach (string pattern in PatternBinder.Names)
        {
            Assert.Matches($"#     {pattern} +[a-z]", text);
        }

        foreach (SwitchKey key in SwitchKeys.All.Where(key => !key.Values.Contains("on")))
        {
            foreach (string value in key.Values)
            {
                Assert.Matches($"#   {value} +[a-z]", text);
            }
        }

        Assert.All(KernelLine().Matches(text), match =>
            Assert.Contains(match.Groups[1].Value, BuiltInFiles.Names("kernels")));
        Assert.Equal(6, KernelLine().Count(text));
    }

    private static SortedSet<string> ReadKeys()
    {
        SortedSet<string> keys = new(StringComparer.Ordinal);
        foreach (string key in SchemaSpecimen.Read().Keys)
        {
            if (key != "epc" && !NotConfiguration.Any(name => key.StartsWith(name, StringComparison.Ordinal)))
            {
                keys.Add(Canonical(key));
            }
        }

        return keys;
    }

    /// <summary>Keys with a value, and keys in comments of the form <c># full.key = KIND</c>.</summary>
    private static SortedSet<string> Documented()
    {
        SortedSet<string> keys = new(StringComparer.Ordinal);
        Collect((HoconObject)LayeredConfiguration.Reference()["epc"], "epc", keys);
        foreach (Match match in CommentedKey().Matches(ReferenceText()))
        {
            keys.Add(Canonical(match.Groups[1].Value));
        }

        return keys;
    }

    private static void Collect(HoconObject value, string path, SortedSet<string> keys)
    {
        foreach ((string key, HoconValue field) in value)
        {
            keys.Add(Canonical($"{path}.{key}"));
            if (field is HoconObject o)
            {
                Collect(o, $"{path}.{key}", keys);
            }
        }
    }

    /// <summary>A key of an enclave and its default are one; so are those of a pattern and of one inside it.</summary>
    private static string Canonical(string key)
    {
        key = ShapeRecorder.Canonical(key).Replace("steps[].run.within.", "steps[].run.", StringComparison.Ordinal);
        (string From, string To)[] defaults =
        [
            ("epc.enclaves.<name>.steps[].run.parts[].", "epc.enclaves.<name>.steps[].run."),
            ("epc.enclaves.<name>.steps[].run.", "epc.defaults.run."),
            ("epc.enclaves.<name>.steps[].touch.", "epc.defaults.touch."),
            ("epc.cgroups.<path>.", "epc.defaults.cgroup."),
            ("epc.race.tasks.<name>.", "epc.race.task."),
            ("epc.race.", "epc.defaults.race."),
            ("epc.virtual-machines.<name>.", "epc.defaults.virtual-machine."),
        ];
        foreach ((string from, string to) in defaults)
        {
            if (key.StartsWith(from, StringComparison.Ordinal))
            {
                key = to + key[from.Length..];
            }
        }

        return
            key.StartsWith("epc.enclaves.<name>.", StringComparison.Ordinal)
            && !key.Contains("steps[]", StringComparison.Ordinal)
            ? "epc.defaults.enclave." + key["epc.enclaves.<name>.".Length..]
            : key;
    }

    private static string ReferenceText() => BuiltInFiles.Read(BuiltInFiles.Reference)!;

    [GeneratedRegex(@"^ *# (epc\.[a-z0-9.<>\[\]-]+) = ", RegexOptions.Multiline)]
    private static partial Regex CommentedKey();

    [GeneratedRegex("^ *[a-z][a-z0-9-]* *([={])")]
    private static partial Regex KeyLine();

    [GeneratedRegex(@"^  #   ((?:linux|epc-cgroup)-[a-z0-9.-]+) ", RegexOptions.Multiline)]
    private static partial Regex KernelLine();
}
