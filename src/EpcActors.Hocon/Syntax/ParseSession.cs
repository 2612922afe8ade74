using System.Runtime.CompilerServices;
using System.Text;

namespace EpcActors.Hocon.Syntax;

/// <summary>One parse with all the files it includes: the chain of includes, and the amount read.</summary>
internal sealed class ParseSession
{
    private static readonly string[] KnownExtensions = [".properties", ".json", ".conf"]; // later ones override
    private static readonly string[] UrlSchemes = ["http://", "https://", "ftp://", "file:", "jar:", "classpath:"];

    private readonly HoconOptions _options;
    private readonly IHoconIncluder _includer;
    private readonly List<string> _open = [];
    private int _filesRead;

    public ParseSession(HoconOptions options)
    {
        _options = options;
        _includer = options.Includer ?? HoconFileIncluder.Instance;
    }

    /// <summary>Options of this text.</summary>
    public HoconOptions Options => _options;

    public void CheckDepth(int depth, HoconOrigin origin)
    {
        if (depth > _options.MaxNesting)
        {
            throw new HoconException(origin, $"values are nested more than {_options.MaxNesting} levels deep");
        }

        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new HoconException(
                origin,
                $"values are nested {depth} levels deep, too deep for this thread's stack");
        }
    }

    /// <summary>Reads the file that a program names; unlike an included one it has to be there.</summary>
    public Node ReadFile(string path)
    {
        HoconOrigin origin = new(path, 1, 1);
        string text = Load(path, origin)
            ?? throw new HoconException(origin, "there is no such file; check the path");
        return ReadSource(text, path, FileScope.Root, 0);
    }

    public Node ReadText(string text, string source)
    {
        CheckLength(text, new HoconOrigin(source, 1, 1));
        _open.Add(source);
        Node root = new HoconParser(this, text, source, FileScope.Root, 0).ReadDocument();
        _open.RemoveAt(_open.Count - 1);
        return root;
    }

    /// <summary>A value of the command line, which will stand at <paramref name="path"/>.</summary>
    public Node ReadValue(string text, string source, string[] path)
    {
        CheckLength(text, new HoconOrigin(source, 1, 1));
        CheckDepth(path.Length, new HoconOrigin(source, 1, 1));
        return new HoconParser(this, text, source, FileScope.Root, path.Length - 1, rejectComments: true)
            .ReadSingleValue(path);
    }

    /// <summary>Merges what an include statement names into the object it stands in.</summary>
    public void Include(in IncludeTarget target, string includingSource, FileScope scope, int depth, ObjectNode into)
    {
        CheckSupported(target);
        string name = _includer.Locate(includingSource, target.Name);
        bool found = false;
        if (KnownExtensions.Any(extension => name.EndsWith(extension, StringComparison.Ordinal)))
        {
            found = TryInclude(name, target.Origin, scope, depth, into);
        }
        else
        {
            foreach (string extension in KnownExtensions)
            {
                found |= TryInclude(name + extension, target.Origin, scope, depth, into);
            }

            // A name with some other extension is not a base name: take it as it is.
            if (!found && Path.HasExtension(name))
            {
                found = TryInclude(name, target.Origin, scope, depth, into);
            }
        }

        if (!found && !target.Required)
        {
            _options.OnMissingInclude?.Invoke(target.Origin, target.Name);
        }
        else if (!found)
        {
            throw new HoconException(target.Origin, $"the required file '{target.Name}' does not exist (looked for "
                + $"'{name}'{(Path.HasExtension(name) ? "" : " with .conf, .json and .properties")}); "
                + "create it, or drop required()");
        }
    }

    private static void CheckSupported(in IncludeTarget target)
    {
        string name = target.Name;
        if (target.Kind is IncludeKind.Url or IncludeKind.Classpath
            || (target.Kind == IncludeKind.Heuristic
                && UrlSchemes.Any(scheme => name.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))))
        {
            string what = target.Kind == IncludeKind.Classpath ? "classpath() includes" : "URL includes";
            throw new HoconException(target.Origin, $"{what} are not supported ('{name}'); include a file instead");
        }

        if (name.Length == 0)
        {
            throw new HoconException(target.Origin, "the name of the included file is empty");
        }
    }

    private bool TryInclude(string name, HoconOrigin origin, FileScope scope, int depth, ObjectNode into)
    {
        if (_open.Contains(name))
        {
            StringBuilder chain = new();
            foreach (string source in _open.SkipWhile(source => source != name))
            {
                chain.Append('\'').Append(source).Append("' → ");
            }

            throw new HoconException(origin, $"include cycle: {chain}'{name}'; remove one of these includes");
        }

        string? text = Load(name, origin);
        if (text is null)
        {
            return false;
        }

        if (_open.Count >= _options.MaxIncludeDepth)
        {
            throw new HoconException(origin, $"includes are nested more than {_options.MaxIncludeDepth} files deep");
        }

        if (ReadSource(text, name, scope, depth) is not ObjectNode root)
        {
            throw new HoconException(origin, $"the included file '{name}' holds an array; expected an object");
        }

        into.MergeAll(root);
        return true;
    }

    private string? Load(string name, HoconOrigin origin)
    {
        try
        {
            string? text = _includer.Read(name);
            if (text is not null)
            {
                CheckLength(text, origin);
                if (++_filesRead > _options.MaxIncludedFiles)
                {
                    throw new HoconException(origin, $"more than {_options.MaxIncludedFiles} files are included");
                }
            }

            return text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new HoconException(origin, $"cannot read '{name}': {e.Message}", e);
        }
    }

    private void CheckLength(string text, HoconOrigin origin)
    {
        if (text.Length > _options.MaxSourceLength)
        {
            throw new HoconException(origin,
                $"the text has {text.Length} characters; at most {_options.MaxSourceLength} are read");
        }
    }

    private Node ReadSource(string text, string name, FileScope scope, int depth)
    {
        _open.Add(name);
        Node root;
        if (name.EndsWith(".json", StringComparison.Ordinal))
        {
            root = new JsonParser(this, text, name, depth).ReadDocument();
        }
        else if (name.EndsWith(".properties", StringComparison.Ordinal))
        {
            root = new PropertiesParser(this, text, name, depth).ReadDocument();
        }
        else
        {
            root = new HoconParser(this, text, name, scope, depth).ReadDocument();
        }

        _open.RemoveAt(_open.Count - 1);
        return root is ObjectNode o && !IsHocon(name) && _options.SplitKey is not null && scope.ArrayLevel == 0
            ? SplitKeys(o, scope.Prefix.Length > 0 ? scope.Prefix[0] : null)
            : root;
    }

    private static bool IsHocon(string name) =>
        !name.EndsWith(".json", StringComparison.Ordinal) && !name.EndsWith(".properties", StringComparison.Ordinal);

    /// <summary>The keys of a format that has no paths.</summary>
    private ObjectNode SplitKeys(ObjectNode node, string? top)
    {
        ObjectNode split = new(node.Origin);
        foreach ((string key, Definition definition) in node.Fields)
        {
            string[] path = _options.Split(top ?? key, [key]);
            Node value = definition.Node is ObjectNode o ? SplitKeys(o, top ?? key) : definition.Node;
            split.Merge(path[0], definition.KeyOrigin, ObjectNode.Nested(path, definition.KeyOrigin, value));
        }

        return split;
    }
}
