using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>An access of a thread to a page.</summary>
public enum PageAccessKind
{
    Read,
    Write,
    Execute,
}

/// <summary>
/// One access. <paramref name="Page"/> is an index within the enclave's heap, from 0 to its pages - 1.
/// </summary>
public readonly record struct PageAccess(int Page, PageAccessKind Kind);

/// <summary>
/// How many of the accesses are reads, writes and executions, as whole-number weights: 50 and 50, or 1 and 1.
/// </summary>
public readonly record struct AccessMix(int Reads, int Writes, int Executes = 0)
{
    /// <summary>Reads only.</summary>
    public static AccessMix ReadOnly => new(1, 0);

    /// <summary>Writes only.</summary>
    public static AccessMix WriteOnly => new(0, 1);

    /// <summary>Draws a kind. Weights of one kind only need no draw and take none.</summary>
    internal PageAccessKind Draw(ref Prng kinds)
    {
        if (Writes == 0 && Executes == 0)
        {
            return PageAccessKind.Read;
        }

        if (Reads == 0 && Executes == 0)
        {
            return PageAccessKind.Write;
        }

        int value = kinds.NextBelow(Reads + Writes + Executes);
        return value < Reads ? PageAccessKind.Read
            : value < Reads + Writes ? PageAccessKind.Write
            : PageAccessKind.Execute;
    }

    /// <summary>The mix itself, once it is known to be one.</summary>
    /// <exception cref="ArgumentException">A weight is negative, or their sum is 0 or above <see
    /// cref="int.MaxValue"/>.</exception>
    internal AccessMix Checked()
    {
        long total = (long)Reads + Writes + Executes;
        if (Reads < 0 || Writes < 0 || Executes < 0 || total is 0 or > int.MaxValue)
        {
            throw new ArgumentException(
                $"Weights {Reads}:{Writes}:{Executes} are no mix: none may be negative and one must be positive.");
        }

        return this;
    }
}
