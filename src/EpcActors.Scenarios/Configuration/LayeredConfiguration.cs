using EpcActors.Hocon;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Puts the layers on top of one another: reference, kernel, costs and machine, scenario, command line. The scenario
/// names the layers below it, so it is resolved twice: once for these names, once for good.
/// </summary>
internal sealed class LayeredConfiguration
{
    /// <summary>
    /// Keys that name a file of a set, the set, and where the file's contents go while the layers are merged.
    /// </summary>
    private static readonly Layer[] Layers =
    [
        new("kernel", "kernels", "kernel-file", "switches"),
        new("costs", "costs", "costs-file", null),
        new("machine", "machines", "machine-file", null),
    ];

    private const string KernelKey = "epc.kernel";

    /// <summary>Holds the reference again, for names that hide what is below them.</summary>
    private const string ReferenceKey = "reference-file";

    /// <summary>
    /// The reference, read once: it is a third of the work of loading a small scenario. Where it was read from does not
    /// matter, since it includes no other file.
    /// </summary>
    private static readonly Lazy<HoconConfig> ParsedReference = new(() => HoconConfig.ParseFile(
        BuiltInFiles.Reference,
        new HoconOptions
        {
            Includer = new BuiltInIncluder(HoconFileIncluder.Instance),
            SplitKey = SplitCgroup,
            NumericKeysChangeElements = true,
        }));

    private static readonly Lazy<HoconObject> ResolvedReference = new(() => ParsedReference.Value.Resolve().Root);

    private readonly LoadContext _context;
    private readonly HoconOptions _options;
    private readonly IReadOnlyList<KeyValuePair<string, string>> _overrides;

    private LayeredConfiguration(LoadContext context, IReadOnlyList<KeyValuePair<string, string>> overrides)
    {
        _context = context;
        _overrides = overrides;
        _options = new HoconOptions
        {
            Includer = new BuiltInIncluder(context.Environment.Files),
            Environment = context.Environment.Variables,
            SplitKey = SplitCgroup,
            NumericKeysChangeElements = true,
            OnMissingInclude = (origin, name) => context.Note(
                origin,
                "",
                $"include \"{name}\" brings nothing: there is no such file beside this one;"
                    + $" correct the name, or write include required(\"{name}\") to make this an error"),
        };
    }

    /// <summary>Names of the top-level keys that hold the contents of layer files in the result.</summary>
    public static IReadOnlyList<string> FileKeys { get; } = [.. Layers.Select(layer => layer.FileKey), ReferenceKey];

    /// <summary>
    /// The effective configuration, or null when a text could not be read; then the context has the errors.
    /// </summary>
    public static HoconObject? Load(LoadContext context, IReadOnlyList<KeyValuePair<string, string>> overrides) =>
        new LayeredConfiguration(context, overrides).Load();

    /// <summary>The reference configuration alone.</summary>
    public static HoconObject Reference() => ResolvedReference.Value;

    /// <summary>The configuration of an empty scenario file.</summary>
    public static HoconObject Standard()
    {
        const string Nothing = "empty.conf";
        ConfigEnvironment environment = new()
        {
            Files = new HoconMemoryIncluder([new KeyValuePair<string, string>(Nothing, "")]),
            Variables = static _ => null,
        };
        return Load(new LoadContext(Nothing, environment), [])
            ?? throw new InvalidOperationException("the built-in files cannot be read");
    }

    /// <summary>
    /// The path of a cgroup in one key is the same as a key for each level: <c>"/pods/web".max</c> and
    /// <c>/pods { /web { max } }</c> override one another. Akka has paths of its own.
    /// </summary>
    private static string[]? SplitCgroup(string top, string key)
    {
        if (top == "akka" || !key.StartsWith('/') || key.IndexOf('/', 1) < 0)
        {
            return null;
        }

        string[] names = key[1..].Split('/');
        return Array.Exists(names, name => name.Length == 0) ? null : [.. names.Select(name => $"/{name}")];
    }

    private HoconObject? Load()
    {
        try
        {
            HoconConfig reference = ParsedReference.Value;
            HoconConfig file = HoconConfig.ParseFile(_context.File, _options);
            CgroupBinder.RefuseTooMany(_context, file);
            if (WithVariant(file, reference) is not { } scenario)
            {
                return null;
            }

            scenario = KeepNamesUnderOverrides(scenario, reference);
            if (WithOverrides(scenario) is not { } effective)
            {
                return null;
            }

            HoconObject names = effective.WithFallback(reference).Resolve().Root;
            if (_overrides.Any(one => one.Key.Trim() == KernelKey))
            {
                if (WithKernelOnTop(scenario, names, reference) is not { } replaced)
                {
                    return null;
                }

                effective = replaced;
            }

            HoconConfig below = reference;
            foreach (Layer layer in Layers)
            {
                (below, effective) = AddLayer(layer, names, below, effective);
            }

            return effective.WithFallback(below).Resolve().Root;
        }
        catch (HoconException e)
        {
            _context.Error(e);
            return null;
        }
    }

    /// <summary>
    /// The overlay of a variant on top of the file, as if it stood at its end; null when there is none of that name.
    /// </summary>
    private HoconConfig? WithVariant(HoconConfig scenario, HoconConfig reference)
    {
        if (_context.Variant.Length == 0)
        {
            return scenario;
        }

        HoconObject root = scenario.WithFallback(reference).Resolve().Root;
        HoconObject? variants = root.TryGetPath(["epc", "race", "variants"], out HoconValue? value)
            ? value as HoconObject
            : null;
        if (variants is not null && variants.TryGet(_context.Variant, out HoconValue? overlay))
        {
            if (overlay is HoconObject)
            {
                return HoconConfig.Of(overlay, "epc").WithFallback(scenario);
            }

            new Setting(_context, overlay, overlay.Origin, $"epc.race.variants.{_context.Variant}").Wrong(
                "an object",
                "write { switches { … } }");
            return null;
        }

        _context.Error(
            value?.Origin ?? new HoconOrigin(_context.File, 1, 1),
            "epc.race.variants",
            $"there is no variant '{_context.Variant}'",
            Suggestions.Remedy(_context.Variant, [.. variants?.Keys ?? []]));
        return null;
    }

    /// <summary>
    /// <c>machine = "name"</c> in the file and <c>--set epc.machine.sanitise-at-boot=on</c> shall go together, but in
    /// HOCON an object replaces a string. So the string becomes an object with the key <c>profile</c> first.
    /// </summary>
    private HoconConfig KeepNamesUnderOverrides(HoconConfig scenario, HoconConfig reference)
    {
        foreach (Layer layer in Layers)
        {
            if (layer.SwitchesKey is null
                && _overrides.Any(o => o.Key.StartsWith($"epc.{layer.Key}.", StringComparison.Ordinal))
                && scenario.WithFallback(reference).Resolve().Root.TryGetPath(["epc", layer.Key], out HoconValue? value)
                && value is HoconString name)
            {
                scenario = AsProfile(layer, name, scenario);
            }
        }

        return scenario;
    }

    /// <summary>
    /// A kernel that the command line names is that kernel: its switches win over those of the file and of the variant,
    /// and only <c>--set epc.switches.…</c> changes one.
    /// </summary>
    private HoconConfig? WithKernelOnTop(HoconConfig scenario, HoconObject names, HoconConfig reference)
    {
        if (!names.TryGetPath(["epc", "kernel"], out HoconValue? value) || value is not HoconString name
            || FindFile(Layers[0], name, KernelKey) is not { } file)
        {
            // What is wrong with the name is reported where the layers are put together.
            return WithOverrides(scenario);
        }

        HoconConfig standard = HoconConfig.ParseText(
            $$"""
            {{ReferenceKey}} { include required("{{BuiltInFiles.Reference}}") }
            epc.switches = ${{{ReferenceKey}}.epc.switches}
            """,
            _context.File,
            _options);
        HoconConfig kernel = Include(Layers[0], file).WithFallback(standard);
        NoteReplaced(
            SwitchesOf(scenario.WithFallback(reference)), SwitchesOf(kernel), SwitchesOf(reference), name.Value);
        return WithOverrides(kernel.WithFallback(scenario));
    }

    private void NoteReplaced(HoconObject? own, HoconObject? ofKernel, HoconObject? standard, string kernel)
    {
        if (own is null)
        {
            return;
        }

        foreach ((string key, HoconValue value) in own)
        {
            bool isOfFile = standard is null || !standard.TryGet(key, out HoconValue? usual) || !usual.Equals(value);
            if (
                isOfFile
                && ofKernel is not null
                && ofKernel.TryGet(key, out HoconValue? replacing)
                && !replacing.Equals(value))
            {
                string whose =
                    _context.Variant.Length == 0 ? "the file" : $"the variant '{_context.Variant}' or its file";
                _context.Note(
                    value.Origin,
                    $"epc.switches.{key}",
                    $"{whose} says {value.AsString()}; --set {KernelKey}={kernel} wins, which has "
                        + $"{replacing.AsString()}"
                        + $" (--set epc.switches.{key}={value.AsString()} keeps it)");
            }
        }
    }

    private static HoconObject? SwitchesOf(HoconConfig config) =>
        config.Resolve().Root.TryGetPath(["epc", "switches"], out HoconValue? value) ? value as HoconObject : null;

    private HoconConfig? WithOverrides(HoconConfig config)
    {
        bool isGood = true;
        foreach ((string key, string value) in _overrides)
        {
            try
            {
                config = config.WithOverride(key, value, ConfigurationText.SetPrefix + key);
            }
            catch (HoconException e)
            {
                _context.Error(e);
                isGood = false;
            }
        }

        return isGood ? config : null;
    }

    private (HoconConfig Below, HoconConfig Effective) AddLayer(
        Layer layer,
        HoconObject names,
        HoconConfig below,
        HoconConfig effective)
    {
        string path = $"epc.{layer.Key}";
        if (!names.TryGetPath(["epc", layer.Key], out HoconValue? value))
        {
            return (below, effective);
        }

        _context.Shapes?.AddNames(path, BuiltInFiles.Names(layer.Set), layer.SwitchesKey is null);
        HoconValue? name = value;
        if (layer.SwitchesKey is null && value is HoconObject o)
        {
            path += ".profile";
            name = o.TryGet("profile", out HoconValue? profile) ? profile : null;
        }

        if (name is not HoconString text)
        {
            if (name is not (null or HoconNull))
            {
                new Setting(_context, name, name.Origin, path).Wrong(
                    $"the name of one of {layer.Set}, or a path that ends in .conf");
            }

            return (below, effective);
        }

        if (value is HoconString && layer.SwitchesKey is null)
        {
            effective = AsProfile(layer, text, effective);
        }

        return FindFile(layer, text, path) is { } file
            ? (Include(layer, file).WithFallback(below), effective)
            : (below, effective);
    }

    /// <summary>
    /// Name of the file that is meant, as an include in the scenario file would have it, or null: then it is reported.
    /// </summary>
    private string? FindFile(Layer layer, HoconString name, string path)
    {
        if (name.Value.EndsWith(".conf", StringComparison.Ordinal))
        {
            string file = _options.Includer!.Locate(_context.File, name.Value);
            try
            {
                if (_options.Includer.Read(file) is not null)
                {
                    return name.Value;
                }

                _context.Error(
                    name.Origin,
                    path,
                    $"there is no file '{file}'",
                    "a path is relative to the scenario file");
            }
            catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
            {
                _context.Error(name.Origin, path, $"cannot read '{file}': {wrong.Message}");
            }

            return null;
        }

        IReadOnlyList<string> names = BuiltInFiles.Names(layer.Set);
        if (names.Contains(name.Value))
        {
            return BuiltInFiles.FileName(layer.Set, name.Value);
        }

        _context.Error(name.Origin, path, $"there is no '{name.Value}' among the {layer.Set}",
            Suggestions.Remedy(name.Value, [.. names]) + "; or a path that ends in .conf");
        return null;
    }

    private HoconConfig Include(Layer layer, string file)
    {
        string target = layer.SwitchesKey is { } key
            ? $"epc.{key} = ${{?{layer.FileKey}.{key}}}"
            : $"epc.{layer.Key} = ${{?{layer.FileKey}}}";
        return HoconConfig.ParseText(
            $"{layer.FileKey} {{ include required({Quote(file)}) }}\n{target}",
            _context.File,
            _options);
    }

    /// <summary>The named layer as an object with its name, on top of a configuration that has the name only.</summary>
    private HoconConfig AsProfile(Layer layer, HoconString name, HoconConfig config)
    {
        HoconConfig contents = HoconConfig.ParseText(
            $$"""
            {{ReferenceKey}} { include required("{{BuiltInFiles.Reference}}") }
            epc.{{layer.Key}} = null
            epc.{{layer.Key}} = ${{{ReferenceKey}}.epc.{{layer.Key}}}
            epc.{{layer.Key}} = ${?{{layer.FileKey}}}
            """,
            name.Origin.Source,
            _options);

        // Padded, so that the name keeps its place in the file; on the first line there is no room for that.
        int line = Math.Max(2, name.Origin.Line);
        string padding = new('\n', line - 2);
        string indent = new(' ', Math.Max(0, name.Origin.Column - 1));
        HoconConfig profile = HoconConfig.ParseText(
            $"{padding}epc.{layer.Key}.profile =\n{indent}{Quote(name.Value)}", name.Origin.Source, _options);
        return profile.WithFallback(contents).WithFallback(config);
    }

    private static string Quote(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    /// <param name="Key">Key below <c>epc</c> that names the file.</param>
    /// <param name="Set">Folder of the built-in ones.</param>
    /// <param name="FileKey">Top-level key for the file's contents.</param>
    /// <param name="SwitchesKey">The one key of the file that counts; null when all do and the named thing is an object
    /// itself.</param>
    private sealed record Layer(string Key, string Set, string FileKey, string? SwitchesKey);
}
