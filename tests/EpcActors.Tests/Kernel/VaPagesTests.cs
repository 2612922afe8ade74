using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;

namespace EpcActors.Tests.Kernel;

/// <summary>The order of VA pages, which decides where the next slot comes from.</summary>
public sealed class VaPagesTests
{
    private const int Slots = VaPages.SlotsPerPage;

    [Fact]
    public void A_slot_of_a_failed_write_out_goes_back_without_moving_its_page_and_one_of_a_load_moves_it_to_the_head()
    {
        VaPages pages = Make(2);
        int[] first = Fill(pages);
        Assert.Equal([0, 1], Order(pages));

        int second = pages.TakeSlot();
        pages.ReturnSlot(second);
        Assert.Equal([0, 1], Order(pages));
        Assert.Equal(Slots, pages.UsedSlots);

        pages.FreeSlot(first[3]);
        Assert.Equal([1, 0], Order(pages));
        Assert.Equal(first[3], pages.TakeSlot());
    }

    [Fact]
    public void The_last_slot_of_a_page_given_back_stands_behind_pages_that_are_full_and_the_next_take_finds_none()
    {
        // Slots are free, at the tail; the kernel looks at the first page only, and goes on with the offset behind its
        // last slot.
        VaPages pages = Make(3);
        Fill(pages);
        Fill(pages);
        int[] last = Fill(pages);
        pages.ReturnSlot(last[^1]);
        Assert.Equal((3 * Slots) - 1, pages.UsedSlots);
        Assert.Equal(-1, pages.TakeSlot());
    }

    private static VaPages Make(int count)
    {
        VaPages pages = new();
        for (int page = 0; page < count; page++)
        {
            pages.AddHead(new EpcPageIndex(page));
        }

        return pages;
    }

    private static int[] Fill(VaPages pages) => [.. Enumerable.Range(0, Slots).Select(_ => pages.TakeSlot())];

    private static List<int> Order(VaPages pages)
    {
        List<int> order = [];
        pages.ForEach(page => order.Add(page.Value));
        return order;
    }
}
