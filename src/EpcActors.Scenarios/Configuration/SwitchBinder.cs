using EpcActors.Kernel;

namespace EpcActors.Scenarios.Configuration;

/// <summary><c>epc.switches</c>: the switches of the kernel.</summary>
internal static class SwitchBinder
{
    /// <summary>Reads the switches of an object; those it does not have are as in <paramref name="below"/>.</summary>
    public static KernelSwitches Read(ObjectReader reader, KernelSwitches below)
    {
        KernelSwitches switches = below;
        foreach (SwitchKey key in SwitchKeys.All)
        {
            if (reader.TryGet(key.Key, out Setting? setting))
            {
                switches = key.Set(
                    switches,
                    key.Most > 0 ? ReadNumber(setting, key.Most)
                        : setting.Choice(key.Values, "a value of this switch"));
            }
        }

        reader.Finish("the switches");
        return switches;
    }

    private static int ReadNumber(Setting setting, int most)
    {
        setting.May(ValueShape.Integer(0, most));
        return setting.IsOff() ? 0 : setting.Int(0, most);
    }
}
