using System.Diagnostics.CodeAnalysis;
using EpcActors.Hocon;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Reads the keys of one object. What was never asked for is unknown, and <see cref="Finish"/> reports it with the key
/// that was probably meant: so no key can be allowed and unread.
/// </summary>
internal sealed class ObjectReader
{
    private readonly LoadContext _context;
    private readonly HoconObject? _value;
    private readonly HoconOrigin _origin;
    private readonly ObjectReader? _defaults;
    private readonly List<string> _asked = [];
    private readonly HashSet<string> _isAsked = new(StringComparer.Ordinal);

    /// <summary>
    /// True when something else stands here than an object: that is reported, and what is missing in it is not a
    /// further error.
    /// </summary>
    private bool _isBroken;

    /// <param name="context">Takes the errors.</param>
    /// <param name="value">The object; null for an absent one, whose keys are all absent.</param>
    /// <param name="origin">Where it stands.</param>
    /// <param name="path">Its full key.</param>
    /// <param name="schema">The same with placeholders for names, e.g. <c>epc.enclaves.&lt;name&gt;</c>.</param>
    /// <param name="defaults">Where keys are looked up that the object does not have.</param>
    public ObjectReader(
        LoadContext context,
        HoconObject? value,
        HoconOrigin origin,
        string path,
        string schema,
        ObjectReader? defaults = null)
    {
        _context = context;
        _value = value;
        _origin = origin;
        Path = path;
        Schema = schema;
        _defaults = defaults;
        context.Shapes?.AddObject(schema, defaults?.Schema);
    }

    public string Path { get; }

    public string Schema { get; }

    public HoconOrigin Origin => _origin;

    public LoadContext Context => _context;

    /// <summary>All keys of the object itself.</summary>
    public IReadOnlyList<string> Keys => _value?.Keys ?? [];

    /// <summary>True when the object itself, not its defaults, has the key with a value other than null.</summary>
    public bool Has(string key) => TryOwn(key, out _);

    /// <summary>The value of a key, or of its default. False when there is neither.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out Setting? setting)
    {
        Ask(key);
        if (TryOwn(key, out setting))
        {
            return true;
        }

        return _defaults is not null && _defaults.TryGet(key, out setting);
    }

    /// <summary>The value of a key; a missing one is reported.</summary>
    public Setting Get(string key, string example = "")
    {
        if (TryGet(key, out Setting? setting))
        {
            return setting;
        }

        // Only a null in the file hides what the reference says; it means the default then.
        if (
            !_isBroken
            && Schema.Length > 0
            && LayeredConfiguration.Reference().TryGetPath([.. Schema.Split('.'), key], out HoconValue? usual))
        {
            return new Setting(_context, usual, usual.Origin, PathOf(key), SchemaOf(key));
        }

        if (!_isBroken)
        {
            _context.Error(
                _origin,
                PathOf(key),
                $"the key '{key}' is missing",
                example.Length == 0 ? "" : $"write for example {key} = {example}");
        }

        return new Setting(_context, null, _origin, PathOf(key), SchemaOf(key));
    }

    /// <summary>An object below this one; an empty reader when there is none.</summary>
    public ObjectReader Child(string key, ObjectReader? defaults = null)
    {
        Ask(key);
        HoconObject? value = null;
        HoconOrigin origin = _origin;
        bool isBroken = _isBroken;
        if (TryOwn(key, out Setting? setting))
        {
            origin = _value!.KeyOrigin(key);
            value = setting.Value as HoconObject;
            if (value is null)
            {
                setting.Wrong("an object", $"write {key} {{ … }}");
                isBroken = true;
            }
        }

        return new ObjectReader(_context, value, origin, PathOf(key), SchemaOf(key), defaults) { _isBroken = isBroken };
    }

    /// <summary>The objects below this one whose keys are names.</summary>
    /// <param name="placeholder">Stands for the name in the list of known keys.</param>
    /// <param name="defaults">Where their missing keys are looked up.</param>
    public IEnumerable<(string Name, HoconOrigin Origin, ObjectReader Reader)> Named(
        string placeholder,
        ObjectReader? defaults = null)
    {
        foreach (string name in Keys)
        {
            if (TryNamed(name, placeholder, defaults, out ObjectReader? reader))
            {
                yield return (name, _value!.KeyOrigin(name), reader);
            }
        }
    }

    /// <summary>One object whose key is a name.</summary>
    public bool TryNamed(
        string name,
        string placeholder,
        ObjectReader? defaults,
        [NotNullWhen(true)] out ObjectReader? reader)
    {
        reader = null;
        Allow(name);
        if (!TryOwn(name, out Setting? setting))
        {
            return false;
        }

        if (setting.Value is not HoconObject value)
        {
            setting.Wrong("an object", $"write {Quoted(name)} {{ … }}");
            return false;
        }

        reader = new ObjectReader(
            _context,
            value,
            _value!.KeyOrigin(name),
            PathOf(name),
            $"{Schema}.{placeholder}",
            defaults);
        return true;
    }

    /// <summary>The object of a key that stays unread; null when there is none.</summary>
    public HoconObject? ObjectAt(string key) => TryOwn(key, out Setting? setting) ? setting.Value as HoconObject : null;

    /// <summary>A reader of the object of a key, for a look that counts as none.</summary>
    public ObjectReader? Peek(string key) =>
        ObjectAt(key) is { } value
            ? new ObjectReader(_context, value, KeyOrigin(key), PathOf(key), $"{Schema}.<path>")
            : null;

    /// <summary>Lets a key pass that another reader takes.</summary>
    public void Allow(string key)
    {
        if (_isAsked.Add(key))
        {
            _asked.Add(key);
        }
    }

    /// <summary>Where a key of this object is written; the object's own place when it has no such key.</summary>
    public HoconOrigin KeyOrigin(string key) =>
        _value is not null && _value.TryGet(key, out _) ? _value.KeyOrigin(key) : _origin;

    /// <summary>Reports every key that no reader asked for.</summary>
    /// <param name="what">What kind of object this is, for the message.</param>
    public void Finish(string what = "")
    {
        foreach (string key in Keys)
        {
            if (!_isAsked.Contains(key))
            {
                string place = what.Length == 0 ? "" : $" of {what}";
                _context.Error(
                    KeyOrigin(key),
                    PathOf(key),
                    $"there is no key '{key}'{place}",
                    Suggestions.Remedy(key, _asked));
            }
        }
    }

    /// <summary>Reports a key at its own place.</summary>
    public void Error(string key, string message, string remedy = "") =>
        _context.Error(KeyOrigin(key), PathOf(key), message, remedy);

    public string PathOf(string key) => Path.Length == 0 ? Quoted(key) : $"{Path}.{Quoted(key)}";

    private string SchemaOf(string key) => Schema.Length == 0 ? key : $"{Schema}.{key}";

    private static string Quoted(string key) => ConfigurationText.Key(key);

    private void Ask(string key)
    {
        if (_isAsked.Add(key))
        {
            _asked.Add(key);
            _context.ReadKeys.Add(SchemaOf(key));
        }
    }

    private bool TryOwn(string key, [NotNullWhen(true)] out Setting? setting)
    {
        setting = null;
        if (_value is null || !_value.TryGet(key, out HoconValue? value) || value is HoconNull)
        {
            return false;
        }

        setting = new Setting(_context, value, value.Origin, PathOf(key), SchemaOf(key));
        return true;
    }
}
