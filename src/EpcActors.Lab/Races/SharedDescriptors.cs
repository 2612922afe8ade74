using EpcActors.Actors.NumaNodes;

namespace EpcActors.Lab.Races;

/// <summary>
/// Messages whose handling reads or changes a page descriptor that the caller does not hold: they commute with no other request, whatever resource that goes to.
/// </summary>
internal static class SharedDescriptors
{
    private static readonly HashSet<ushort> _codes = [NumaNodeProtocol.PoisonPage.Code];

    public static bool AreTouchedBy(ushort code) => _codes.Contains(code);
}
