using EpcActors.Kernel;

namespace EpcActors.Mount.CgroupFs;

/// <summary>
/// The grammar of cgroup.subtree_control (<c>cgroup_subtree_control_write</c>, kernel/cgroup/cgroup.c).
/// </summary>
internal static class ControlWrite
{
    /// <summary>One write: names with + or -, separated by blanks; a later one wins over an earlier one.</summary>
    /// <returns>Ok or EINVAL.</returns>
    public static Errno Parse(string text, out Controllers enable, out Controllers disable)
    {
        enable = Controllers.None;
        disable = Controllers.None;
        foreach (string token in CgroupText.Strip(text).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Controllers named = token[1..] switch
            {
                "memory" => Controllers.Memory,
                "misc" => Controllers.Misc,
                _ => Controllers.None,
            };
            if (named == Controllers.None || token[0] is not ('+' or '-'))
            {
                return Errno.EINVAL;
            }

            enable = token[0] == '+' ? enable | named : enable & ~named;
            disable = token[0] == '-' ? disable | named : disable & ~named;
        }

        return Errno.Ok;
    }
}
