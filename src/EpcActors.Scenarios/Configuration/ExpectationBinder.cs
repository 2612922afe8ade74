using EpcActors.Hocon;
using EpcActors.Scenarios.Expectations;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Reads <c>epc.expect</c> and <c>epc.expect-on</c>: one expectation to a string, each checked, those for other kernels
/// too.
/// </summary>
internal static class ExpectationBinder
{
    /// <summary>The list for the chosen kernel if there is one, else the general list.</summary>
    /// <param name="epc">Has the keys.</param>
    /// <param name="kernel">The chosen kernel.</param>
    /// <param name="names">What expectations can name.</param>
    /// <param name="measuresSlowdown"><c>epc.run.slowdown</c>.</param>
    public static IReadOnlyList<string> Read(ObjectReader epc, string kernel, ExpectationNames names,
        bool measuresSlowdown)
    {
        List<string> general = Strings(epc.Get("expect", "[ \"verdict == pass\" ]"));
        ObjectReader perKernel = epc.Child("expect-on");
        epc.Context.Shapes?.AddMap(perKernel.Schema, "", ValueShape.List, ValueShape.Name);
        List<string>? own = null;
        IReadOnlyList<string> known = BuiltInFiles.Names("kernels");
        foreach (string name in perKernel.Keys)
        {
            if (!known.Contains(name) && name != kernel && !name.EndsWith(".conf", StringComparison.Ordinal))
            {
                string? dotted = known.FirstOrDefault(k => k.StartsWith(name + ".", StringComparison.Ordinal));
                perKernel.Error(
                    name,
                    $"there is no kernel '{name}'",
                    dotted is null
                        ? Suggestions.Remedy(name, [.. known])
                        : $"a name with a dot needs quotes: \"{dotted}\"");
                continue;
            }

            if (perKernel.TryGet(name, out Setting? setting))
            {
                List<string> strings = Strings(setting);
                own = name == kernel ? strings : own;
            }
        }

        return own ?? general;

        List<string> Strings(Setting list) => ExpectationBinder.Strings(list, names, measuresSlowdown);
    }

    private static List<string> Strings(Setting list, ExpectationNames names, bool measuresSlowdown)
    {
        List<string> strings = [];
        foreach (Setting item in list.Items("strings"))
        {
            item.May(ValueShape.Name);
            if (item.Value is not HoconString text)
            {
                item.Wrong("a string", "put the expectation between quotes");
                continue;
            }

            try
            {
                ParsedExpectation parsed = ExpectationParser.Parse(text.Value, names);
                if (!measuresSlowdown && parsed.Quantity is { Name: "slowdown" })
                {
                    item.Note($"'{text.Value}' cannot be judged: epc.run.slowdown is off");
                }

                strings.Add(text.Value);
            }
            catch (ExpectationException e)
            {
                item.ErrorAt(e.Position, e.Problem, e.Remedy);
            }
        }

        return strings;
    }
}
