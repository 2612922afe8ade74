/* Two CPUs, each on a node of its own, allocate and free EPC pages in turn, OPERATIONS times each. A step is one
 * critical section, as in the emulator: the list of a node under its lock, then the counter of free pages. RACY loads
 * and stores the counter in two steps, as Linux 5.13 to 5.15 do; else it is one atomic operation. */
#ifndef OPERATIONS
#define OPERATIONS 100
#endif
#define PAGES 8

byte free_pages[2] = PAGES;
short nr_free_pages = 2 * PAGES;

proctype cpu(byte node) {
  byte done = 0;
  short tmp;
  do
  :: done < OPERATIONS ->
       atomic {
         if
         :: done % 2 == 0 -> free_pages[node]--
         :: else -> free_pages[node]++
         fi
       }
#ifdef RACY
       tmp = nr_free_pages;
       atomic { nr_free_pages = (done % 2 == 0 -> tmp - 1 : tmp + 1); done++; tmp = 0 }
#else
       atomic { nr_free_pages = (done % 2 == 0 -> nr_free_pages - 1 : nr_free_pages + 1); done++ }
#endif
  :: done == OPERATIONS -> break
  od
}

init {
  atomic { run cpu(0); run cpu(1) }
  (_nr_pr == 1);
  assert(nr_free_pages == free_pages[0] + free_pages[1])
}
